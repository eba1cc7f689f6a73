/** What the text would give: its graph, the Jobs, when it would run, and whether the API server would take it. */
import { Alert, Button, NativeSelect, Stack, Table, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import * as api from "@/api/calls";
import { ApiError } from "@/api/client";
import type { CheckAnswer, CheckedDag, TryAnswer } from "@/api/types";
import { textOf } from "@/lib/words";
import { yaml } from "@/lib/yaml";
import { At } from "@/parts/Moment";
import { Code } from "@/parts/Code";
import { Empty, Waiting } from "@/parts/Says";
import { Tabs } from "@/parts/Tabs";
import classes from "./JobPage.module.css";

const Graph = lazy(async () => ({ default: (await import("../dag/GraphCanvas")).Graph }));
const route = getRouteApi("/jobs");
const TABS = [
  ["graph", "Graph"],
  ["job", "Job"],
  ["runs", "Next runs"],
  ["try", "Dry run"],
] as const;

interface Props {
  answer: CheckAnswer | undefined;
  text: string;
  path: string | undefined;
  broken: boolean;
  mayTry: boolean;
}

export function Preview({ answer, text, path, broken, mayTry }: Props) {
  const { tab = "graph", dag: chosen, task } = route.useSearch();
  const navigate = route.useNavigate();
  const set = (changes: { tab?: Exclude<typeof tab, "graph">; dag?: string; task?: string }) =>
    void navigate({ search: (before) => ({ ...before, ...changes }), replace: true, ignoreBlocker: true });
  const dags = answer?.dags ?? [];
  const dag = dags.find((one) => one.dag_id === chosen) ?? dags[0];
  return (
    <>
      <Tabs
        label="Preview"
        tabs={TABS}
        value={tab}
        onChange={(to) => set({ tab: to === "graph" ? undefined : to })}
        beside={
          dags.length > 1 ? (
            <NativeSelect
              aria-label="DAG"
              value={dag?.dag_id ?? ""}
              onChange={(event) => set({ dag: event.currentTarget.value, task: undefined })}
              data={dags.map((one) => one.dag_id)}
            />
          ) : null
        }
      />
      <div className={classes.shown}>
        {tab === "try" ? (
          <Tried key={text} text={text} path={path} disabled={broken || !mayTry || !dag} />
        ) : dag ? (
          <Shown tab={tab} dag={dag} task={task} onTask={(to) => set({ task: to })} />
        ) : (
          <Empty title={broken ? "Nothing can be shown before the errors are gone" : "There is nothing yet"} />
        )}
      </div>
    </>
  );
}

interface ShownProps {
  tab: "graph" | "job" | "runs";
  dag: CheckedDag;
  task: string | undefined;
  onTask: (task: string) => void;
}

function Shown({ tab, dag, task, onTask }: ShownProps) {
  if (tab === "graph") {
    return (
      <Suspense fallback={<Waiting />}>
        <Graph dagId={dag.dag_id} answer={dag.graph} across={false} />
      </Suspense>
    );
  }
  return tab === "job" ? <Jobs dag={dag} task={task} onTask={onTask} /> : <Runs dag={dag} />;
}

function Jobs({ dag, task, onTask }: Omit<ShownProps, "tab">) {
  const one = dag.jobs.find((job) => job.task_id === task) ?? dag.jobs[0];
  if (!one) return <Empty title="It has no tasks" />;
  return (
    <div className={classes.job}>
      {dag.jobs.length > 1 ? (
        <NativeSelect
          aria-label="Task"
          m={6}
          value={one.task_id}
          onChange={(event) => onTask(event.currentTarget.value)}
          data={dag.jobs.map((job) => job.task_id)}
        />
      ) : null}
      {one.job ? <Code text={yaml(one.job)} language="yaml" label={`The Job of ${one.task_id}`} /> : <Empty title={one.reason ?? "It has no Job"} />}
    </div>
  );
}

function Runs({ dag }: { dag: CheckedDag }) {
  if (!dag.next_runs.length) return <Empty title="It runs when somebody triggers it" />;
  return (
    <Stack p="sm" gap={6}>
      <Text size="sm">
        Schedule <span className="mono">{dag.schedule}</span>. If it were unpaused now, it would run:
      </Text>
      <ol className={classes.runs}>
        {dag.next_runs.map((at) => (
          <li key={at}>
            <At at={at} />
          </li>
        ))}
      </ol>
    </Stack>
  );
}

function Tried({ text, path, disabled }: { text: string; path: string | undefined; disabled: boolean }) {
  const asked = useMutation({ mutationFn: () => api.tryJob(text, path), onError: () => undefined });
  return (
    <Stack p="sm" gap="sm" align="flex-start">
      <Button variant="default" onClick={() => asked.mutate()} loading={asked.isPending} disabled={disabled}>
        Try it, and make nothing
      </Button>
      {asked.error ? (
        <Alert color="red" variant="light" role="alert" p="xs">
          {asked.error instanceof ApiError ? asked.error.detail : String(asked.error)}
        </Alert>
      ) : null}
      {asked.data ? <Answers answer={asked.data} /> : null}
    </Stack>
  );
}

function Answers({ answer }: { answer: TryAnswer }) {
  const local = answer.backend === "local";
  return (
    <>
      <Text size="sm">{local ? "Tasks are processes of this machine, without containers:" : "What the API server says to each Job:"}</Text>
      <Table aria-label="Dry run">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Task</Table.Th>
            <Table.Th>{local ? "Would run" : "Answer"}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {answer.tasks.map((one) => (
            <Table.Tr key={`${one.dag_id} ${one.task_id}`}>
              <Table.Td className="mono">{one.task_id}</Table.Td>
              <Table.Td>
                {one.problem ? (
                  <Text size="sm" c="var(--state-failed)">
                    {one.problem}
                  </Text>
                ) : one.command ? (
                  <span className="mono">{textOf(one.command)}</span>
                ) : (
                  "it would be taken"
                )}
                {one.image_passed_over ? (
                  <Text size="xs" className="faint">
                    The image {one.image_passed_over} is for Kubernetes.
                  </Text>
                ) : null}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </>
  );
}
