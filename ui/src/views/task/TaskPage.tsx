/** One task instance: its reason in words, its log, attempts, rendered fields, results and Job. */
import { NativeSelect, Stack, Table, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import * as api from "@/api/calls";
import { useMay } from "@/api/session";
import type { Attempt, TaskAnswer } from "@/api/types";
import { bytes, duration } from "@/lib/time";
import type { Ref } from "@/parts/Effects";
import { Facts, Value } from "@/parts/Facts";
import { At, Took } from "@/parts/Moment";
import { Note } from "@/parts/Note";
import { Page } from "@/parts/Page";
import { Empty, Loaded, Waiting } from "@/parts/Says";
import { StateBadge } from "@/parts/State";
import { Tabs } from "@/parts/Tabs";
import { Trail } from "../run/RunPage";
import { Asked } from "./Asked";
import { LogView } from "./LogView";
import { PodEvents } from "./PodEvents";
import { Reason } from "./Reason";
import { StartSelect, startOf } from "./StartSelect";
import { TaskActions } from "./TaskActions";
import classes from "./TaskPage.module.css";
import { useTask } from "./useTask";

const JobView = lazy(async () => ({ default: (await import("./JobView")).JobView })); // with the editor
const UsageView = lazy(() => import("./UsageView")); // with the library that draws
const route = getRouteApi("/dags/$dagId/runs/$runId/tasks/$taskId");
const TABS = [
  ["log", "Log"],
  ["attempts", "Attempts"],
  ["usage", "Usage"],
  ["fields", "Rendered fields"],
  ["xcoms", "XComs"],
  ["job", "Job"],
  ["events", "Pod events"],
  ["details", "Details"],
] as const;

export default function TaskPage() {
  const { dagId, runId, taskId } = route.useParams();
  const { map = -1 } = route.useSearch();
  const at: Ref = { dagId, runId, taskId, mapIndex: map };
  const query = useTask(at);
  return <Loaded query={query}>{(task) => <Body task={task} at={at} />}</Loaded>;
}

function Body({ task, at }: { task: TaskAnswer; at: Ref }) {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const tab = search.tab ?? "log";
  const launchId = startOf(task, search.start);
  const asks = task.state === "awaiting_input" || task.operator?.includes("HITL") || task.operator?.includes("Approval");
  return (
    <Page
      title={at.mapIndex < 0 ? at.taskId : `${at.taskId}[${task.rendered_map_index ?? at.mapIndex}]`}
      scrolls={false}
      beside={
        <>
          <StateBadge state={task.state} />
          <Took begin={task.start_date} end={task.end_date} />
          {task.operator ? (
            <Text size="xs" className="faint" component="span">
              {task.operator}
            </Text>
          ) : null}
          <Copies at={at} />
        </>
      }
      actions={<TaskActions at={at} state={task.state} />}
      below={
        <>
          <div style={{ marginTop: 4 }}>
            <Trail dagId={at.dagId} runId={at.runId} />
          </div>
          <Tabs
            label="Views of this task"
            tabs={TABS}
            value={tab}
            onChange={(to) =>
              void navigate({ search: (before) => ({ ...before, tab: to === "log" ? undefined : to }), replace: true })
            }
          />
        </>
      }
    >
      <div className={classes.body}>
        <Stack gap="xs" mb={4}>
          <Reason task={task} at={at} />
          {asks && task.state === "awaiting_input" ? <Asked at={at} /> : null}
        </Stack>
        {tab === "log" ? (
          task.try_number > 0 ? (
            <LogView
              at={at}
              tryNumber={search.try}
              line={search.line}
              onLine={(line) => void navigate({ search: (before) => ({ ...before, line }), replace: true })}
              look={search}
              onLook={(changes) => void navigate({ search: (before) => ({ ...before, ...changes }), replace: true })}
              onTry={(to) => void navigate({ search: (before) => ({ ...before, try: to, line: undefined }), replace: true })}
            />
          ) : (
            <Empty title="It has not begun yet" />
          )
        ) : (
          <div className={classes.scrolls} tabIndex={0} role="region" aria-label={tab}>
            {tab === "job" || tab === "events" ? (
              <StartSelect
                task={task}
                value={launchId}
                onChange={(start) => void navigate({ search: (before) => ({ ...before, start }), replace: true })}
              />
            ) : null}
            <Tab tab={tab} task={task} at={at} tryNumber={search.try} launchId={launchId} />
          </div>
        )}
      </div>
    </Page>
  );
}

/** The other copies of a mapped task. */
function Copies({ at }: { at: Ref }) {
  const navigate = route.useNavigate();
  const { data } = useQuery({
    queryKey: ["run", at.dagId, at.runId],
    queryFn: ({ signal }) => api.run(at.dagId, at.runId, { signal }),
    enabled: at.mapIndex >= 0,
  });
  if (at.mapIndex < 0 || !data) return null;
  const copies = data.tasks.task_id.flatMap((id, place) => (id === at.taskId ? [place] : []));
  return (
    <NativeSelect
      aria-label="Copy"
      value={String(at.mapIndex)}
      onChange={(event) => {
        const map = Number(event.currentTarget.value);
        void navigate({ search: (before) => ({ ...before, map, try: undefined }), replace: true });
      }}
      data={copies.map((place) => {
        const index = data.tasks.map_index[place] ?? -1;
        return { value: String(index), label: `copy ${data.tasks.label[place] ?? index} · ${data.tasks.state[place]}` };
      })}
    />
  );
}

interface TabProps {
  tab: string;
  task: TaskAnswer;
  at: Ref;
  tryNumber?: number;
  launchId: string;
}

function Tab({ tab, task, at, tryNumber, launchId }: TabProps) {
  const may = useMay("operator");
  if (tab === "attempts") return <Attempts task={task} at={at} />;
  if (tab === "usage") {
    return (
      <Suspense fallback={<Waiting />}>
        <UsageView at={at} tryNumber={tryNumber} />
      </Suspense>
    );
  }
  if (tab === "fields") return <Named values={task.rendered_fields} empty="It has no template fields" />;
  if (tab === "xcoms") return <Named values={task.xcoms} empty="It has left no results" />;
  if (tab === "job") {
    return (
      <Suspense fallback={<Waiting />}>
        <JobView launchId={launchId} />
      </Suspense>
    );
  }
  if (tab === "events") return <PodEvents task={task} launchId={launchId} />;
  return (
    <Stack gap="lg">
      <Facts
        facts={[
          ["Queued", <At at={task.queued_when} />],
          ["Began", <At at={task.start_date} />],
          ["Ended", <At at={task.end_date} />],
          ["Try", `${task.try_number} of ${task.max_tries + 1}`],
          ["Pool", `${task.pool} (${task.pool_slots} ${task.pool_slots === 1 ? "slot" : "slots"})`],
          ["Priority", task.priority_weight],
          ["Queue", task.queue],
          ["Operator", task.operator],
        ]}
      />
      <section>
        <Title order={2} mb={6}>
          Note
        </Title>
        <Note note={task.note} disabled={!may} save={(note) => api.markTask(at, { note: note || null }, false)} />
      </section>
    </Stack>
  );
}

function Named({ values, empty }: { values: Record<string, unknown>; empty: string }) {
  const entries = Object.entries(values);
  if (!entries.length) return <Empty title={empty} />;
  return (
    <Stack gap="sm">
      {entries.map(([name, value]) => (
        <section key={name}>
          <Title order={3} mb={3} className="mono">
            {name}
          </Title>
          <Value value={value} label={name} />
        </section>
      ))}
    </Stack>
  );
}

function Attempts({ task, at }: { task: TaskAnswer; at: Ref }) {
  if (!task.attempts.length) return <Empty title="It has not begun yet" />;
  return (
    <Table>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>Try</Table.Th>
          <Table.Th>State</Table.Th>
          <Table.Th>Queued</Table.Th>
          <Table.Th>Began</Table.Th>
          <Table.Th>Took</Table.Th>
          <Table.Th>Exit</Table.Th>
          <Table.Th>CPU</Table.Th>
          <Table.Th>Memory</Table.Th>
          <Table.Th>Why</Table.Th>
          <Table.Th>Starts</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {task.attempts.map((one) => (
          <Table.Tr key={one.try_number}>
            <Table.Td>
              <Link
                to="/dags/$dagId/runs/$runId/tasks/$taskId"
                params={{ dagId: at.dagId, runId: at.runId, taskId: at.taskId }}
                search={{ map: at.mapIndex < 0 ? undefined : at.mapIndex, try: one.try_number }}
              >
                {one.try_number}
              </Link>
            </Table.Td>
            <Table.Td>
              <StateBadge state={one.state} />
            </Table.Td>
            <Table.Td>
              <At at={one.queued_when} />
            </Table.Td>
            <Table.Td>
              <At at={one.start_date} />
            </Table.Td>
            <Table.Td>
              <Took begin={one.start_date} end={one.end_date} />
            </Table.Td>
            <Table.Td className="number">{one.exit_code ?? ""}</Table.Td>
            <Table.Td className="number">{cpu(one)}</Table.Td>
            <Table.Td className="number">{bytes(one.usage.memory_bytes)}</Table.Td>
            <Table.Td>{[one.reason, one.message].filter(Boolean).join(": ")}</Table.Td>
            <Table.Td className="mono">
              {task.launches
                .filter((launch) => launch.try_number === one.try_number)
                .map((launch) => launch.job_name || launch.launch_id.slice(0, 8))
                .join(", ")}
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

const cpu = (one: Attempt): string => (one.usage.cpu_seconds === null ? "" : duration(one.usage.cpu_seconds));
