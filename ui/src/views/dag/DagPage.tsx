/** One DAG: its head, and the view of it that the address names. */
import { Alert, Badge, Button, Group, Text, Tooltip } from "@mantine/core";
import { IconPencil, IconPlayerPlay } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link, Outlet, useRouterState } from "@tanstack/react-router";
import * as api from "@/api/calls";
import { useLive } from "@/api/live";
import { dagQuery } from "@/api/queries";
import { useMay } from "@/api/session";
import type { DagDetails } from "@/api/types";
import { done } from "@/lib/notes";
import { Ago } from "@/parts/Moment";
import { Page } from "@/parts/Page";
import { Loaded } from "@/parts/Says";
import { useInView } from "@/parts/useInView";
import { PauseSwitch } from "../dags/Dags";
import classes from "./DagPage.module.css";

const route = getRouteApi("/dags/$dagId");
const TABS = [
  ["/dags/$dagId", "Grid"],
  ["/dags/$dagId/graph", "Graph"],
  ["/dags/$dagId/gantt", "Gantt"],
  ["/dags/$dagId/calendar", "Calendar"],
  ["/dags/$dagId/durations", "Durations"],
  ["/dags/$dagId/runs", "Runs"],
  ["/dags/$dagId/code", "Code"],
  ["/dags/$dagId/versions", "Versions"],
  ["/dags/$dagId/events", "Events"],
  ["/dags/$dagId/backfills", "Backfills"],
  ["/dags/$dagId/details", "Details"],
] as const;

/** The DAG that is looked at; asked for once by all of its views. */
export function useDag(dagId: string) {
  return useLive<DagDetails>({
    ...dagQuery(dagId),
    heeds: (event) => event.dag_id === dagId && event.event.startsWith("dag."),
    every: 15_000,
    keep: false,
  });
}

/** What its tasks say of themselves; asked for by the views that tell it. */
export function useTasks(dag: DagDetails | undefined) {
  return useQuery({
    queryKey: ["tasks", dag?.dag_id, dag?.version, dag?.last_updated_date],
    queryFn: ({ signal }) => api.dagTasks(dag?.dag_id ?? "", { signal }),
    enabled: dag !== undefined,
    staleTime: Infinity,
  });
}

export default function DagPage() {
  const { dagId } = route.useParams();
  const query = useDag(dagId);
  return <Loaded query={query}>{(dag) => <Frame dag={dag} />}</Loaded>;
}

function Frame({ dag }: { dag: DagDetails }) {
  const mayOperate = useMay("operator");
  const params = { dagId: dag.dag_id };
  const nav = useInView<HTMLElement>(useRouterState({ select: (state) => state.location.pathname }));
  const errors = dag.diagnostics.filter((one) => one.severity === "error");
  return (
    <Page
      title={dag.dag_display_name || dag.dag_id}
      scrolls={false}
      beside={
        <Group gap="sm" wrap="wrap">
          <PauseSwitch dagId={dag.dag_id} paused={dag.is_paused} disabled={!mayOperate} />
          {dag.is_stale ? (
            <Tooltip label="Its file is gone, or defines it no more; what was recorded stays">
              <Badge color="gray">not in force</Badge>
            </Tooltip>
          ) : null}
          <Text size="xs" className="faint" component="span">
            {dag.schedule !== "None" ? (
              <>
                <span className="mono">{dag.schedule}</span>
                {dag.is_paused ? ", paused" : dag.next_run_after && !dag.is_stale ? <> · next <Ago at={dag.next_run_after} /></> : null}
              </>
            ) : (
              "by hand"
            )}
          </Text>
          {dag.spec.run_as === "CronJob" || dag.spec.file_format === "cronjob" ? (
            <Tooltip label="Kubernetes begins its runs">
              <Badge variant="light" component={Link} to="/cronjobs">
                CronJob
              </Badge>
            </Tooltip>
          ) : null}
          {errors.length ? (
            <Link to="/dags/$dagId/code" params={params}>
              <Badge color="red" component="span">
                {errors.length} {errors.length === 1 ? "error" : "errors"}
              </Badge>
            </Link>
          ) : null}
        </Group>
      }
      actions={
        <>
          {mayOperate && dag.spec.native && !dag.is_stale ? (
            <Link to="/jobs" search={{ path: dag.file_path }} className="plain-link">
              <Button variant="default" leftSection={<IconPencil size={14} />} component="span">
                Edit
              </Button>
            </Link>
          ) : null}
          {mayOperate && !dag.is_stale ? (
            <Link to="/dags/$dagId/trigger" params={params} className="plain-link">
              <Button leftSection={<IconPlayerPlay size={14} />} component="span">
                Trigger
              </Button>
            </Link>
          ) : null}
        </>
      }
      below={
        <>
          {dag.hold_reason ? <Held dag={dag} /> : null}
          {dag.problems.map((one) => (
            <Alert key={one.asked} color="orange" mt={6} p="xs" variant="light">
              <Text size="xs">
                Code of the author&apos;s own ({one.asked}) gives no answer: {one.problem}
              </Text>
            </Alert>
          ))}
          <nav className={classes.tabs} aria-label="Views of this DAG" ref={nav}>
            {TABS.map(([to, label]) => (
              <Link
                key={to}
                to={to}
                params={params}
                activeOptions={{ exact: to === "/dags/$dagId", includeSearch: false }}
                className={classes.tab}
                activeProps={{ "aria-current": "page" }}
              >
                {label}
              </Link>
            ))}
          </nav>
        </>
      }
    >
      <Outlet />
    </Page>
  );
}

function Held({ dag }: { dag: DagDetails }) {
  const client = useQueryClient();
  const mayOperate = useMay("operator");
  const release = useMutation({
    mutationFn: () => api.release(dag.dag_id),
    onSuccess: () => {
      done(`${dag.dag_id} is released`);
      void client.invalidateQueries({ queryKey: ["dag", dag.dag_id] });
    },
  });
  return (
    <Alert color="orange" mt={6} p="xs" variant="light" title="It is held: no runs begin until somebody says so">
      <Group justify="space-between" gap="xs">
        <Text size="xs">{dag.hold_reason}</Text>
        <Button color="orange" variant="light" disabled={!mayOperate} loading={release.isPending} onClick={() => release.mutate()}>
          Release
        </Button>
      </Group>
    </Alert>
  );
}
