/** Events, the newest first: of everything, or of one DAG; all kinds, or some. */
import { Group, SegmentedControl } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";
import * as api from "@/api/calls";
import type { Event } from "@/api/types";
import { eventWords, whoWords } from "@/lib/eventWords";
import { At } from "./Moment";
import { Empty, Loaded } from "./Says";
import { VirtualTable, type Column } from "./VirtualTable";

/** What kinds of events are called, and what their names begin with; of which some are never a DAG's. */
const KINDS: Record<string, { label: string; kinds: string[]; ofDags: boolean }> = {
  runs: { label: "Runs", kinds: ["run.", "backfill.", "deadline.", "sla."], ofDags: true },
  tasks: {
    label: "Tasks",
    kinds: ["task.", "launch.", "trigger.", "hitl.", "xcom.", "state_store.", "callback."],
    ofDags: true,
  },
  dags: {
    label: "DAGs and files",
    kinds: ["dag.", "import.", "file.", "job_file.", "cronjob.", "asset.", "question."],
    ofDags: true,
  },
  people: {
    label: "People and settings",
    kinds: ["user.", "session.", "token.", "variable.", "connection.", "pool."],
    ofDags: false,
  },
  server: { label: "Server", kinds: ["daemon.", "lease.", "history.", "alert."], ofDags: false },
};

const WHERE: Column<Event> = {
  title: "Where",
  width: "minmax(260px, 2fr)",
  cell: (event) => <Where event={event} />,
};
const COLUMNS: Column<Event>[] = [
  { title: "Number", width: "70px", cell: (event) => <span className="number">{event.event_log_id}</span>, align: "right" },
  { title: "When", width: "150px", cell: (event) => <At at={event.when} /> },
  { title: "Event", width: "160px", cell: (event) => <span className="mono">{event.event}</span> },
  WHERE,
  { title: "Who", width: "120px", cell: (event) => <span title={event.owner ?? ""}>{whoWords(event.owner)}</span> },
  {
    title: "What",
    width: "minmax(200px, 2fr)",
    cell: (event) => <span title={eventWords(event.extra, true)}>{eventWords(event.extra)}</span>,
  },
];

function Where({ event }: { event: Event }) {
  const { dag_id: dagId, run_id: runId, task_id: taskId, map_index: map } = event;
  if (!dagId) return null;
  if (!runId) {
    return (
      <Link to="/dags/$dagId" params={{ dagId }}>
        {dagId}
      </Link>
    );
  }
  if (!taskId) {
    return (
      <Link to="/dags/$dagId/runs/$runId" params={{ dagId, runId }} title={`${dagId} ${runId}`}>
        {dagId} · {runId}
      </Link>
    );
  }
  return (
    <Link
      to="/dags/$dagId/runs/$runId/tasks/$taskId"
      params={{ dagId, runId, taskId }}
      search={{ map: map !== null && map >= 0 ? map : undefined }}
      title={`${dagId} ${runId} ${taskId}`}
    >
      {taskId}
      {map !== null && map >= 0 ? `[${map}]` : ""} · {dagId} · {runId}
    </Link>
  );
}

interface Props {
  dagId?: string;
  /** Which kinds are shown: a key of KINDS. */
  show?: string;
  onShow: (show: string | undefined) => void;
}

export function EventList({ dagId, show, onShow }: Props) {
  const kind = KINDS[show ?? ""]?.kinds;
  const query = useInfiniteQuery({
    queryKey: ["events", dagId ?? "", kind ?? []],
    queryFn: ({ pageParam, signal }) => api.events({ dag_id: dagId, kind, before: pageParam, limit: 200 }, { signal }),
    initialPageParam: undefined as number | undefined,
    getNextPageParam: (last) => (last.more ? last.events.at(-1)?.event_log_id : undefined),
    refetchInterval: 10_000,
  });
  const rows = useMemo(() => {
    const seen = new Set<number>();
    return (query.data?.pages ?? [])
      .flatMap((page) => page.events)
      .filter((event) => !seen.has(event.event_log_id) && seen.add(event.event_log_id));
  }, [query.data]);
  const { hasNextPage, isFetching, fetchNextPage } = query;
  const more = useCallback(() => {
    if (hasNextPage && !isFetching) void fetchNextPage();
  }, [hasNextPage, isFetching, fetchNextPage]);
  return (
    <>
      <Group gap="xs" px="md" py={6} style={{ overflowX: "auto" }}>
        <SegmentedControl
          aria-label="Which events"
          value={kind ? show : ""}
          onChange={(value) => onShow(value || undefined)}
          data={[
            { value: "", label: "All" },
            ...Object.entries(KINDS)
              .filter(([, one]) => !dagId || one.ofDags)
              .map(([value, { label }]) => ({ value, label })),
          ]}
        />
      </Group>
      <Loaded query={query}>
        {() =>
          rows.length ? (
            <VirtualTable label="Events" rows={rows} columns={COLUMNS} keyOf={(event) => event.event_log_id} minWidth={1080} onEnd={more} />
          ) : (
            <Empty title={kind ? "Nothing of the kind has happened" : "Nothing has happened yet"} />
          )
        }
      </Loaded>
    </>
  );
}
