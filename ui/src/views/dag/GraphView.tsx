/** The DAG's graph with the states of one run, the newest unless another is chosen. */
import { Group, NativeSelect, SegmentedControl, Text } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import * as api from "@/api/calls";
import { ofDag, useLive } from "@/api/live";
import type { Folds } from "@/lib/address";
import { fullMoment } from "@/lib/time";
import { Loaded } from "@/parts/Says";
import { Graph } from "./GraphCanvas";
import classes from "./GraphView.module.css";

const NARROW = "(max-width: 48em)";
const route = getRouteApi("/dags/$dagId/graph");

export function useNewestRuns(dagId: string) {
  return useLive({
    queryKey: ["grid-runs", dagId],
    queryFn: ({ signal }) => api.grid(dagId, { limit: 25, offset: 0 }, { signal }),
    heeds: (event) => event.dag_id === dagId && event.event.startsWith("run."),
    every: 10_000,
  });
}

export function RunSelect({ dagId, value, onChange }: { dagId: string; value?: string; onChange: (run?: string) => void }) {
  const runs = useNewestRuns(dagId).data?.runs;
  const known = runs?.run_id.includes(value ?? "") ?? false;
  return (
    <NativeSelect
      aria-label="Run"
      value={value ?? ""}
      onChange={(event) => onChange(event.currentTarget.value || undefined)}
      data={[
        { value: "", label: "newest run" },
        ...(value && !known ? [{ value, label: value }] : []),
        ...(runs?.run_id ?? []).map((id, at) => ({
          value: id,
          label: `${fullMoment(runs?.logical_date[at] ?? runs?.run_after[at])} · ${runs?.state[at]} · ${runs?.run_type[at]}`,
        })),
      ]}
      w={330}
    />
  );
}

export type Way = "right" | "down";

/** Which way a graph goes: down where there is little room, unless it is said. */
function useWay(way: Way | undefined): Way {
  const narrow = useMediaQuery(NARROW) ?? false;
  return way ?? (narrow ? "down" : "right");
}

export default function GraphView() {
  const { dagId } = route.useParams();
  const { run, way, groups, turned } = route.useSearch();
  const navigate = route.useNavigate();
  const newest = useNewestRuns(dagId).data?.runs;
  const shown = run ?? newest?.run_id[0];
  return (
    <div className={classes.view}>
      <Group gap="xs" px="md" py={6} className={classes.bar}>
        <RunSelect
          dagId={dagId}
          value={run}
          onChange={(to) => void navigate({ search: (before) => ({ ...before, run: to }), replace: true })}
        />
        <SegmentedControl
          aria-label="Direction"
          data={[
            { value: "right", label: "→" },
            { value: "down", label: "↓" },
          ]}
          value={useWay(way)}
          onChange={(to) => void navigate({ search: (before) => ({ ...before, way: to as Way }), replace: true })}
        />
        <Text size="xs" className="faint">
          A click on a group folds or unfolds it, on a task shows it; so does Enter.
        </Text>
      </Group>
      <RunGraph
        dagId={dagId}
        runId={shown}
        way={way}
        folds={{ groups, turned }}
        onFold={(folds) => void navigate({ search: (before) => ({ ...before, ...folds }), replace: true })}
      />
    </div>
  );
}

/** The graph with the states of a run; also a tab of the run's own view. */
interface RunGraphProps {
  dagId: string;
  runId?: string;
  version?: number;
  way?: Way;
  folds: Folds;
  onFold: (folds: Folds) => void;
}

export function RunGraph({ dagId, runId, version, way, folds, onFold }: RunGraphProps) {
  const across = useWay(way) === "down";
  const graph = useQuery({
    queryKey: ["graph", dagId, version ?? 0],
    queryFn: ({ signal }) => api.graph(dagId, version, { signal }),
    staleTime: 30_000,
  });
  const run = useLive({
    queryKey: ["run", dagId, runId],
    queryFn: ({ signal }) => api.run(dagId, runId ?? "", { signal }),
    heeds: ofDag(dagId),
    enabled: runId !== undefined,
  });
  return (
    <Loaded query={graph}>
      {(data) => <Graph dagId={dagId} runId={runId} answer={data} tasks={run.data?.tasks} across={across} folds={folds} onFold={onFold} />}
    </Loaded>
  );
}
