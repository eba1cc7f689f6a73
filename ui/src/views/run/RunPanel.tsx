/** A run beside the grid: how it stands, what failed in it, what can be done. */
import { Group, Stack, Title } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { RunAnswer } from "@/api/types";
import { Facts } from "@/parts/Facts";
import { At, Took } from "@/parts/Moment";
import { Loaded } from "@/parts/Says";
import { Counts, StateBadge } from "@/parts/State";
import { RunActions } from "./RunActions";
import { TaskTable } from "./TaskTable";
import { useRun } from "./useRun";

export function RunPanel({ dagId, runId }: { dagId: string; runId: string }) {
  const query = useRun(dagId, runId);
  return <Loaded query={query}>{(data) => <Body data={data} />}</Loaded>;
}

function Body({ data }: { data: RunAnswer }) {
  const { run } = data;
  return (
    <Stack gap="sm" p="md" pr="sm" h="100%">
      <div style={{ paddingRight: 34 }}>
        <Title order={2} style={{ overflowWrap: "anywhere" }}>
          <Link to="/dags/$dagId/runs/$runId" params={{ dagId: run.dag_id, runId: run.dag_run_id }} className="plain-link">
            {run.dag_run_id}
          </Link>
        </Title>
        <Group gap="xs" mt={4}>
          <StateBadge state={run.state} />
          <Took begin={run.start_date} end={run.end_date} />
        </Group>
      </div>
      <RunActions run={run} />
      <RunFacts data={data} />
      <TaskTable data={data} compact />
    </Stack>
  );
}

export function RunFacts({ data }: { data: RunAnswer }) {
  const { run, counts } = data;
  return (
    <Facts
      facts={[
        ["Tasks", <Counts counts={counts} />],
        ["Logical date", run.logical_date ? <At at={run.logical_date} /> : "none"],
        ["Data interval", run.data_interval_start ? <><At at={run.data_interval_start} /> – <At at={run.data_interval_end} /></> : null],
        ["Partition", run.partition_key],
        ["Queued", <At at={run.queued_at} />],
        ["Began", <At at={run.start_date} />],
        ["Ended", <At at={run.end_date} />],
        ["Type", run.run_type.replaceAll("_", " ")],
        ["Triggered by", run.triggered_by],
        [
          "Version",
          run.dag_version ? (
            <Link to="/dags/$dagId/code" params={{ dagId: run.dag_id }} search={{ version: run.dag_version }}>
              {run.dag_version}
            </Link>
          ) : null,
        ],
        ["Backfill", run.backfill_id],
      ]}
    />
  );
}
