/** One run: its tasks with their reasons, its graph, its gantt, and all that it was made with. */
import { Anchor, Breadcrumbs, Stack, Text, Title } from "@mantine/core";
import { getRouteApi, Link } from "@tanstack/react-router";
import { Suspense, lazy } from "react";
import * as api from "@/api/calls";
import { useMay } from "@/api/session";
import type { RunAnswer } from "@/api/types";
import { lookOf } from "@/lib/states";
import { Value } from "@/parts/Facts";
import { Took } from "@/parts/Moment";
import { Note } from "@/parts/Note";
import { Page } from "@/parts/Page";
import { Loaded, Waiting } from "@/parts/Says";
import { Counts, StateBadge } from "@/parts/State";
import { Tabs } from "@/parts/Tabs";
import { RunActions } from "./RunActions";
import { RunFacts } from "./RunPanel";
import { TaskTable } from "./TaskTable";
import { useRun } from "./useRun";
import classes from "../dag/Versions.module.css";
import trail from "./Trail.module.css";

const RunGraph = lazy(async () => ({ default: (await import("../dag/GraphView")).RunGraph }));
const RunGantt = lazy(async () => ({ default: (await import("../dag/GanttView")).RunGantt }));
const route = getRouteApi("/dags/$dagId/runs/$runId");
const TABS = [
  ["tasks", "Tasks"],
  ["graph", "Graph"],
  ["gantt", "Gantt"],
  ["details", "Details"],
] as const;

export default function RunPage() {
  const { dagId, runId } = route.useParams();
  const query = useRun(dagId, runId);
  return <Loaded query={query}>{(data) => <Body data={data} />}</Loaded>;
}

export function Trail({ dagId, runId, children }: { dagId: string; runId?: string; children?: React.ReactNode }) {
  return (
    <Breadcrumbs separator="/" separatorMargin={6} fz="xs" mb={2} className={trail.trail}>
      <Anchor component={Link} to="/dags" size="xs">
        DAGs
      </Anchor>
      <Link to="/dags/$dagId" params={{ dagId }}>
        {dagId}
      </Link>
      {runId ? (
        <Link to="/dags/$dagId/runs/$runId" params={{ dagId, runId }}>
          {runId}
        </Link>
      ) : null}
      {children}
    </Breadcrumbs>
  );
}

function Body({ data }: { data: RunAnswer }) {
  const { run, counts } = data;
  const { tab = "tasks", state, way, groups, turned } = route.useSearch();
  const navigate = route.useNavigate();
  const may = useMay("operator");
  return (
    <Page
      title={run.dag_run_id}
      scrolls={false}
      beside={
        <>
          <StateBadge state={run.state} />
          <Took begin={run.start_date} end={run.end_date} />
        </>
      }
      actions={<RunActions run={run} />}
      below={
        <>
          <div style={{ marginTop: 4 }}>
            <Trail dagId={run.dag_id} />
          </div>
          <Tabs
            label="Views of this run"
            tabs={TABS}
            value={tab}
            onChange={(to) => void navigate({ search: { tab: to === "tasks" ? undefined : to }, replace: true })}
            beside={<Counts counts={counts} />}
          />
        </>
      }
    >
      <Suspense fallback={<Waiting />}>
        {tab === "tasks" ? (
          <>
            {state ? (
              <Text size="xs" px="md" py={4}>
                Only those that are {lookOf(state).label}.{" "}
                <Link to="/dags/$dagId/runs/$runId" params={{ dagId: run.dag_id, runId: run.dag_run_id }}>
                  Show all
                </Link>
              </Text>
            ) : null}
            <TaskTable data={data} state={state} />
          </>
        ) : tab === "graph" ? (
          <RunGraph
            dagId={run.dag_id}
            runId={run.dag_run_id}
            version={run.dag_version ?? undefined}
            way={way}
            folds={{ groups, turned }}
            onFold={(folds) => void navigate({ search: (before) => ({ ...before, ...folds }), replace: true })}
          />
        ) : tab === "gantt" ? (
          <RunGantt dagId={run.dag_id} runId={run.dag_run_id} />
        ) : (
          <div className={classes.view} tabIndex={0} role="region" aria-label="Details">
            <Stack gap="lg" pt="xs">
              <RunFacts data={data} />
              <section>
                <Title order={2} mb={6}>
                  Note
                </Title>
                <Note
                  note={run.note}
                  disabled={!may}
                  save={(note) => api.patchRun(run.dag_id, run.dag_run_id, { note: note || null })}
                />
              </section>
              <section>
                <Title order={2} mb={6}>
                  Configuration
                </Title>
                <Value value={run.conf} label="Configuration" />
              </section>
            </Stack>
          </div>
        )}
      </Suspense>
    </Page>
  );
}
