/** The runs of a DAG, the newest first; older ones come as one scrolls. */
import { Group, SegmentedControl } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";
import { at, call } from "@/api/client";
import type { Run } from "@/api/types";
import { At, Took } from "@/parts/Moment";
import { Empty, Loaded } from "@/parts/Says";
import { StateBadge } from "@/parts/State";
import { VirtualTable, type Column } from "@/parts/VirtualTable";

const route = getRouteApi("/dags/$dagId/runs");
const PAGE = 100;
const COLUMNS: Column<Run>[] = [
  {
    title: "Run",
    width: "minmax(220px, 2fr)",
    cell: (run) => (
      <Link to="/dags/$dagId/runs/$runId" params={{ dagId: run.dag_id, runId: run.dag_run_id }} title={run.dag_run_id}>
        {run.dag_run_id}
      </Link>
    ),
  },
  { title: "State", width: "110px", cell: (run) => <StateBadge state={run.state} /> },
  { title: "Type", width: "90px", cell: (run) => run.run_type.replaceAll("_", " ") },
  { title: "Logical date", width: "150px", cell: (run) => <At at={run.logical_date} /> },
  { title: "Began", width: "150px", cell: (run) => <At at={run.start_date} /> },
  { title: "Took", width: "90px", cell: (run) => <Took begin={run.start_date} end={run.end_date} /> },
  { title: "By", width: "90px", cell: (run) => run.triggered_by ?? "" },
  { title: "Note", width: "minmax(80px, 1fr)", cell: (run) => run.note ?? "" },
];

export default function Runs() {
  const { dagId } = route.useParams();
  const { state } = route.useSearch();
  const navigate = route.useNavigate();
  const query = useInfiniteQuery({
    queryKey: ["runs", dagId, state ?? ""],
    queryFn: ({ pageParam, signal }) =>
      call<{ dag_runs: Run[]; total_entries: number }>(
        at(
          "/api/v2/dags/{dag_id}/dagRuns",
          { dag_id: dagId },
          { limit: PAGE, offset: pageParam, state: state ? [state] : [], order_by: "-run_after" },
        ),
        { signal },
      ),
    initialPageParam: 0,
    getNextPageParam: (last, pages) => {
      const known = pages.reduce((sum, page) => sum + page.dag_runs.length, 0);
      return last.dag_runs.length && known < last.total_entries ? known : undefined;
    },
    refetchInterval: 8000,
  });
  const rows = useMemo(() => {
    const seen = new Set<string>();
    return (query.data?.pages ?? [])
      .flatMap((page) => page.dag_runs)
      .filter((run) => !seen.has(run.dag_run_id) && seen.add(run.dag_run_id));
  }, [query.data]);
  const { hasNextPage, isFetching, fetchNextPage } = query;
  const more = useCallback(() => {
    if (hasNextPage && !isFetching) void fetchNextPage();
  }, [hasNextPage, isFetching, fetchNextPage]);
  return (
    <>
      <Group gap="xs" px="md" py={6}>
        <SegmentedControl
          aria-label="State"
          value={state ?? ""}
          onChange={(value) => void navigate({ search: { state: (value || undefined) as typeof state }, replace: true })}
          data={[
            { value: "", label: "All" },
            ...["running", "queued", "failed", "success"].map((value) => ({ value, label: value })),
          ]}
        />
      </Group>
      <Loaded query={query}>
        {() =>
          rows.length ? (
            <VirtualTable label="Runs" rows={rows} columns={COLUMNS} keyOf={(run) => run.dag_run_id} minWidth={1080} onEnd={more} />
          ) : (
            <Empty title={state ? `No run is ${state}` : "It has no runs yet"} />
          )
        }
      </Loaded>
    </>
  );
}
