/** What an order would do, shown before it is given: clear, and mark. */
import { Alert, Button, Checkbox, Group, Modal, Stack, Text } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import * as api from "@/api/calls";
import { ApiError } from "@/api/client";
import type { TaskKeys } from "@/api/types";
import { done } from "@/lib/notes";
import { StateBadge } from "./State";
import classes from "./Effects.module.css";

export interface Choice {
  name: string;
  label: string;
  initial?: boolean;
}

export interface Order {
  title: string;
  verb: string;
  tone?: "red";
  choices: Choice[];
  /** What the choices would do. */
  preview: (chosen: Record<string, boolean>) => Promise<TaskKeys>;
  /** What it would do besides to task instances; it can be given where none would change. */
  besides?: (found: TaskKeys) => string;
  carryOut: (chosen: Record<string, boolean>) => Promise<unknown>;
}

const SHOWN = 200;

export function Effects({ order, onClose }: { order: Order | null; onClose: () => void }) {
  return (
    <Modal opened={order !== null} onClose={onClose} title={order?.title} size="lg" closeButtonProps={{ "aria-label": "Close" }}>
      {order ? <Body key={order.title} order={order} onClose={onClose} /> : null}
    </Modal>
  );
}

function Body({ order, onClose }: { order: Order; onClose: () => void }) {
  const client = useQueryClient();
  const [chosen, setChosen] = useState<Record<string, boolean>>(
    Object.fromEntries(order.choices.map((choice) => [choice.name, choice.initial ?? false])),
  );
  const preview = useQuery({
    queryKey: ["effects", order.title, chosen],
    queryFn: () => order.preview(chosen),
    staleTime: 0,
    gcTime: 0,
    retry: false,
    placeholderData: (before) => before,
  });
  const carryOut = useMutation({
    mutationFn: () => order.carryOut(chosen),
    onSuccess: () => {
      done(`${order.verb}: done`);
      void client.invalidateQueries();
      onClose();
    },
  });
  const found = preview.data?.task_instances ?? [];
  const several = new Set(found.map((one) => one.dag_id)).size > 1;
  const besides = preview.data ? order.besides?.(preview.data) : undefined;
  return (
    <Stack gap="sm">
      {order.choices.length ? (
        <Group gap="md">
          {order.choices.map((choice) => (
            <Checkbox
              key={choice.name}
              label={choice.label}
              checked={chosen[choice.name] ?? false}
              onChange={(event) => {
                const { checked } = event.currentTarget;
                setChosen((before) => ({ ...before, [choice.name]: checked }));
              }}
            />
          ))}
        </Group>
      ) : null}
      {preview.error ? (
        <Alert color="red" variant="light" p="xs">
          {preview.error instanceof ApiError ? `${preview.error.detail} ${preview.error.hint}` : String(preview.error)}
        </Alert>
      ) : (
        <div role="status">
          <Text size="sm" fw={600}>
            {preview.data
              ? found.length
                ? `${found.length} task ${found.length === 1 ? "instance" : "instances"} would change:`
                : besides
                  ? "No task instance would change."
                  : "Nothing would change."
              : "Looking what would change…"}
          </Text>
          {besides ? <Text size="sm">{besides}</Text> : null}
        </div>
      )}
      {found.length ? (
        <ul className={classes.list} data-testid="effects" tabIndex={0} aria-label="What would change">
          {found.slice(0, SHOWN).map((one) => (
            <li key={`${one.dag_id} ${one.dag_run_id} ${one.task_id} ${one.map_index}`}>
              <StateBadge state={one.state} />
              {one.becomes ? (
                <>
                  <span aria-label="becomes">→</span>
                  <StateBadge state={one.becomes} />
                </>
              ) : null}
              <span className="mono">
                {one.task_id}
                {one.map_index >= 0 ? `[${one.map_index}]` : ""}
              </span>
              <span className="faint">
                {several ? `${one.dag_id} ` : ""}
                {one.dag_run_id}
              </span>
            </li>
          ))}
          {found.length > SHOWN ? <li>and {found.length - SHOWN} more</li> : null}
        </ul>
      ) : null}
      <Group justify="flex-end">
        <Button variant="default" onClick={onClose}>
          Leave it
        </Button>
        <Button
          color={order.tone}
          disabled={!found.length && !besides}
          loading={carryOut.isPending}
          onClick={() => carryOut.mutate()}
          data-autofocus
        >
          {order.verb}
        </Button>
      </Group>
    </Stack>
  );
}

const REACH: Choice[] = [
  { name: "include_upstream", label: "what it depends on" },
  { name: "include_downstream", label: "what depends on it", initial: true },
  { name: "include_past", label: "earlier runs" },
  { name: "include_future", label: "later runs" },
];

export interface Ref {
  dagId: string;
  runId: string;
  taskId: string;
  mapIndex: number;
}

const named = ({ taskId, mapIndex }: Ref) => (mapIndex < 0 ? taskId : `${taskId}[${mapIndex}]`);

export function clearTask(ref: Ref): Order {
  const ask = (chosen: Record<string, boolean>, dryRun: boolean) =>
    api.clearTasks(ref.dagId, {
      dag_run_id: ref.runId,
      task_ids: [ref.mapIndex < 0 ? ref.taskId : [ref.taskId, ref.mapIndex]],
      dry_run: dryRun,
      include_subdags: true, // Airflow 2's page has it so; under Airflow 3 it does nothing
      ...(chosen as Partial<api.ClearBody>),
      only_failed: chosen.only_failed ?? false,
    });
  return {
    title: `Clear ${named(ref)}: it runs again`,
    verb: "Clear",
    choices: [
      ...REACH,
      { name: "only_failed", label: "failed ones only" },
      { name: "run_on_latest_version", label: "with the newest version" },
    ],
    preview: (chosen) => ask(chosen, true),
    carryOut: (chosen) => ask(chosen, false),
  };
}

/** The same for who wants it to run again now: it, and what waits for it. */
export function retryTask(ref: Ref): Order {
  const order = clearTask(ref);
  const all = { include_downstream: true };
  return {
    title: `Retry ${named(ref)}: it and what waits for it run again`,
    verb: "Retry",
    choices: order.choices.filter((choice) => choice.name === "run_on_latest_version"),
    preview: (chosen) => order.preview({ ...all, ...chosen }),
    carryOut: (chosen) => order.carryOut({ ...all, ...chosen }),
  };
}

export function markTask(ref: Ref, state: "success" | "failed" | "skipped"): Order {
  return {
    title: `Mark ${named(ref)} ${state}`,
    verb: `Mark ${state}`,
    tone: state === "failed" ? "red" : undefined,
    choices: REACH.map((choice) => ({ ...choice, initial: false })),
    preview: async (chosen) => becoming(state, await api.markTask(ref, { new_state: state, ...chosen }, true)),
    carryOut: (chosen) => api.markTask(ref, { new_state: state, ...chosen }, false),
  };
}

export function clearRun(dagId: string, runId: string): Order {
  const body = (chosen: Record<string, boolean>, dryRun: boolean) => ({ ...chosen, dry_run: dryRun });
  return {
    title: `Clear run ${runId}`,
    verb: "Clear",
    choices: [
      { name: "only_failed", label: "failed ones only", initial: true },
      { name: "run_on_latest_version", label: "with the newest version" },
    ],
    preview: (chosen) => api.clearRun(dagId, runId, body(chosen, true)),
    carryOut: (chosen) => api.clearRun(dagId, runId, body(chosen, false)),
  };
}

/** What of a run has failed runs again. */
export function retryRun(dagId: string, runId: string): Order {
  const order = clearRun(dagId, runId);
  const all = { only_failed: true };
  return {
    title: "Retry the run: what has failed in it, and what waited for that, runs again",
    verb: "Retry",
    choices: order.choices.filter((choice) => choice.name === "run_on_latest_version"),
    preview: (chosen) => order.preview({ ...all, ...chosen }),
    carryOut: (chosen) => order.carryOut({ ...all, ...chosen }),
  };
}

const becoming = (state: string, found: TaskKeys): TaskKeys => ({
  ...found,
  task_instances: found.task_instances.map((one) => ({ ...one, becomes: state })),
});

export function markRun(dagId: string, runId: string, state: "success" | "failed"): Order {
  return {
    title: `Mark run ${runId} ${state}`,
    verb: `Mark ${state}`,
    tone: state === "failed" ? "red" : undefined,
    choices: [],
    preview: () => api.markedRun(dagId, runId, state),
    besides: (found) => (found.at_once ? `The run becomes ${state} at once.` : `Its teardowns still run; after them it becomes ${state}.`),
    carryOut: () => api.patchRun(dagId, runId, { state }),
  };
}
