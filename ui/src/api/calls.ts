/** Every call of the page, each a function of its own; what they answer is in `types`. */
import { at, call, type Query } from "./client";
import type { NativeSchema } from "@/lib/jobDocument";
import type * as t from "./types";

type Signal = { signal?: AbortSignal };
type TaskRef = { dagId: string; runId: string; taskId: string; mapIndex: number };

// What is looked at --------------------------------------------------------------------------------------------------

export const home = (hours: number, o: Signal = {}) =>
  call<t.HomeAnswer>(at("/goflow/v1/page/home", {}, { hours }), o);
export const health = (o: Signal = {}) => call<t.HealthAnswer>(at("/goflow/v1/page/health", {}), o);
export const dags = (query: { strips?: number } = {}, o: Signal = {}) =>
  call<t.DagColumns>(at("/goflow/v1/page/dags", {}, query), o);
export const strips = (ids: string[], o: Signal = {}) =>
  call<{ strips: Record<string, t.StripRun[]> }>(at("/goflow/v1/page/strips", {}, { dag_id: ids }), o);
export const search = (q: string, o: Signal = {}) =>
  call<{ dags: { dag_id: string; name: string }[]; runs: { dag_id: string; run_id: string; state: string }[] }>(
    at("/goflow/v1/page/search", {}, { q }),
    o,
  );

export const dag = (dagId: string, o: Signal = {}) =>
  call<t.DagDetails>(at("/goflow/v1/page/dags/{dag_id}", { dag_id: dagId }), o);
export const dagTasks = (dagId: string, o: Signal = {}) =>
  call<t.DagTasks>(at("/goflow/v1/page/dags/{dag_id}/tasks", { dag_id: dagId }), o);
export const grid = (dagId: string, query: { limit: number; offset: number; structure?: number }, o: Signal = {}) =>
  call<t.GridAnswer>(at("/goflow/v1/page/dags/{dag_id}/grid", { dag_id: dagId }, query), o);
export const copies = (dagId: string, taskId: string, runs: number[], o: Signal = {}) =>
  call<t.CopiesAnswer>(
    at("/goflow/v1/page/dags/{dag_id}/copies", { dag_id: dagId }, { task_id: taskId, run: runs }),
    o,
  );
export const graph = (dagId: string, version?: number, o: Signal = {}) =>
  call<t.GraphAnswer>(at("/goflow/v1/page/dags/{dag_id}/graph", { dag_id: dagId }, { version }), o);
export const calendar = (dagId: string, year: number, o: Signal = {}) =>
  call<t.CalendarAnswer>(at("/goflow/v1/page/dags/{dag_id}/calendar", { dag_id: dagId }, { year }), o);
export const calendarDay = (dagId: string, day: string, o: Signal = {}) =>
  call<t.DayAnswer>(at("/goflow/v1/page/dags/{dag_id}/calendar/{day}", { dag_id: dagId, day }), o);
export const durations = (dagId: string, taskId: string | undefined, limit: number, o: Signal = {}) =>
  call<t.DurationsAnswer>(
    at("/goflow/v1/page/dags/{dag_id}/durations", { dag_id: dagId }, { task_id: taskId, limit }),
    o,
  );
export const versions = (dagId: string, o: Signal = {}) =>
  call<{ versions: t.Version[] }>(at("/goflow/v1/page/dags/{dag_id}/versions", { dag_id: dagId }), o);
export const diff = (dagId: string, older: number, newer: number, o: Signal = {}) =>
  call<t.DiffAnswer>(at("/goflow/v1/dags/{dag_id}/diff", { dag_id: dagId }, { old: older, new: newer }), o);
export const source = (dagId: string, version?: number, o: Signal = {}) =>
  call<{ version: number; source: string }>(at("/goflow/v1/dags/{dag_id}/source", { dag_id: dagId }, { version }), o);
export const events = (query: { dag_id?: string; kind?: string[]; before?: number; limit?: number }, o: Signal = {}) =>
  call<{ events: t.Event[]; more: boolean }>(at("/goflow/v1/page/events", {}, query), o);
export const late = (dagId: string, o: Signal = {}) =>
  call<{ deadlines: { dag_run_id: string; deadline_time: string; alert_name: string | null }[]; sla_misses: unknown[] }>(
    at("/goflow/v1/dags/{dag_id}/late", { dag_id: dagId }),
    o,
  );

export const run = (dagId: string, runId: string, o: Signal = {}) =>
  call<t.RunAnswer>(at("/goflow/v1/page/dags/{dag_id}/runs/{run_id}", { dag_id: dagId, run_id: runId }), o);
const path = ({ dagId, runId, taskId }: TaskRef) => ({ dag_id: dagId, run_id: runId, task_id: taskId });
const mapped = ({ mapIndex }: TaskRef): Query => ({ map_index: mapIndex });
export const task = (ref: TaskRef, o: Signal = {}) =>
  call<t.TaskAnswer>(
    at("/goflow/v1/page/dags/{dag_id}/runs/{run_id}/tasks/{task_id}", path(ref), mapped(ref)),
    o,
  );
export const usage = (ref: TaskRef, tryNumber: number | undefined, o: Signal = {}) =>
  call<t.UsageAnswer>(
    at("/goflow/v1/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/usage", path(ref), {
      ...mapped(ref),
      try_number: tryNumber,
    }),
    o,
  );
export const taskUsage = (dagId: string, taskId: string, o: Signal = {}) =>
  call<{ hints: t.UsageHint[] }>(
    at("/goflow/v1/dags/{dag_id}/tasks/{task_id}/usage", { dag_id: dagId, task_id: taskId }),
    o,
  );
export const waits = (ref: TaskRef, o: Signal = {}) =>
  call<{ waits_for: string | null }>(
    at("/goflow/v1/page/dags/{dag_id}/runs/{run_id}/tasks/{task_id}/waits", path(ref), mapped(ref)),
    o,
  );
export const log = (ref: TaskRef, tryNumber: number, o: Signal = {}) =>
  call<t.LogAnswer>(
    at("/goflow/v1/page/dags/{dag_id}/runs/{run_id}/tasks/{task_id}/log", path(ref), {
      ...mapped(ref),
      try_number: tryNumber,
    }),
    o,
  );
export const logText = (ref: TaskRef, tryNumber: number): string =>
  at("/goflow/v1/page/dags/{dag_id}/runs/{run_id}/tasks/{task_id}/log/text", path(ref), {
    ...mapped(ref),
    try_number: tryNumber,
  });
export const lines = (launchId: string, after: number, limit: number, o: Signal = {}) =>
  call<t.LinesAnswer>(at("/goflow/v1/page/launches/{launch_id}/lines", { launch_id: launchId }, { after, limit }), o);
export const matches = (launchId: string, q: string, o: Signal = {}, after = 0) =>
  call<{ seq: number[]; cut: boolean; last: number }>(
    at("/goflow/v1/page/launches/{launch_id}/matches", { launch_id: launchId }, { q, after }),
    o,
  );
export const job = (launchId: string, o: Signal = {}) =>
  call<{ job: unknown; reason: string | null }>(
    at("/goflow/v1/page/launches/{launch_id}/job", { launch_id: launchId }),
    o,
  );
export const kubeEvents = (launchId: string, o: Signal = {}) =>
  call<t.KubeEvents>(at("/goflow/v1/page/launches/{launch_id}/events", { launch_id: launchId }), o);
export const question = (ref: TaskRef, o: Signal = {}) =>
  call<t.Question>(
    at("/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/{map_index}/hitlDetails", asked(ref)),
    o,
  );
export const questions = (o: Signal = {}) =>
  call<{ hitl_details: t.Question[] }>(
    at(
      "/api/v2/dags/{dag_id}/dagRuns/{run_id}/hitlDetails",
      { dag_id: "~", run_id: "~" },
      { response_received: false },
    ),
    o,
  );
const asked = (ref: TaskRef) => ({ ...path(ref), map_index: ref.mapIndex });

export const imports = (o: Signal = {}) => call<{ files: t.ReadFile[] }>(at("/goflow/v1/page/imports", {}), o);
export const assets = (o: Signal = {}) => call<{ assets: t.Asset[] }>(at("/api/v2/assets", {}, { limit: 1000 }), o);
export const assetEvents = (assetId: number, o: Signal = {}) =>
  call<{ asset_events: t.AssetEvent[] }>(at("/api/v2/assets/events", {}, { asset_id: assetId, limit: 50 }), o);
export const cronjobs = (o: Signal = {}) => call<t.CronJobs>(at("/goflow/v1/cronjobs", {}), o);
export const pools = (o: Signal = {}) => call<{ pools: t.Pool[] }>(at("/api/v2/pools", {}), o);
export const variables = (o: Signal = {}) => call<{ variables: t.Variable[] }>(at("/api/v2/variables", {}), o);
export const connections = (o: Signal = {}) => call<{ connections: t.Connection[] }>(at("/api/v2/connections", {}), o);
export const backfills = (dagId: string, o: Signal = {}) =>
  call<{ backfills: t.Backfill[] }>(at("/api/v2/backfills", {}, { dag_id: dagId, order_by: "-id" }), o);
export const tokens = (o: Signal = {}) =>
  call<{ tokens: { name: string; created: string; expires: string | null }[] }>(at("/goflow/v1/tokens", {}), o);

// What is changed ----------------------------------------------------------------------------------------------------

export const setPaused = (dagId: string, paused: boolean) =>
  call<unknown>(at("/api/v2/dags/{dag_id}", { dag_id: dagId }), { method: "PATCH", body: { is_paused: paused } });
export const release = (dagId: string) =>
  call<unknown>(at("/goflow/v1/dags/{dag_id}/release", { dag_id: dagId }), { method: "POST" });

export interface TriggerBody {
  dag_run_id?: string;
  logical_date?: string | null;
  conf?: Record<string, unknown>;
  note?: string;
  partition_key?: string;
}
export const trigger = (dagId: string, body: TriggerBody) =>
  call<t.Run>(at("/api/v2/dags/{dag_id}/dagRuns", { dag_id: dagId }), { method: "POST", body });
const runPath = (dagId: string, runId: string) => ({ dag_id: dagId, run_id: runId });
const RUN = "/api/v2/dags/{dag_id}/dagRuns/{run_id}" as const;
export const patchRun = (dagId: string, runId: string, body: { state?: string; note?: string | null }) =>
  call<t.Run>(at(RUN, runPath(dagId, runId)), { method: "PATCH", body });
export const markedRun = (dagId: string, runId: string, state: "success" | "failed") =>
  call<t.TaskKeys>(
    at("/goflow/v1/page/dags/{dag_id}/runs/{run_id}/mark/{state}", { dag_id: dagId, run_id: runId, state }),
  );
export const oneRun = (dagId: string, runId: string, o: Signal = {}) => call<t.Run>(at(RUN, runPath(dagId, runId)), o);
export const deleteRun = (dagId: string, runId: string) =>
  call<void>(at(RUN, runPath(dagId, runId)), { method: "DELETE" });
export const clearRun = (
  dagId: string,
  runId: string,
  body: { dry_run: boolean; only_failed?: boolean; only_new?: boolean; run_on_latest_version?: boolean },
) => call<t.TaskKeys>(at(`${RUN}/clear`, runPath(dagId, runId)), { method: "POST", body });

export interface ClearBody {
  dag_run_id: string;
  task_ids: (string | [string, number])[];
  dry_run: boolean;
  only_failed: boolean;
  include_upstream?: boolean;
  include_downstream?: boolean;
  include_past?: boolean;
  include_future?: boolean;
  run_on_latest_version?: boolean;
  /** What an ExternalTaskMarker of Airflow 2 names in other DAGs as well. */
  include_subdags?: boolean;
}
export const clearTasks = (dagId: string, body: ClearBody) =>
  call<t.TaskKeys>(at("/api/v2/dags/{dag_id}/clearTaskInstances", { dag_id: dagId }), { method: "POST", body });

export interface MarkBody {
  new_state?: string;
  note?: string | null;
  include_upstream?: boolean;
  include_downstream?: boolean;
  include_past?: boolean;
  include_future?: boolean;
}
const TASK = `${RUN}/taskInstances/{task_id}` as const;
export const markTask = (ref: TaskRef, body: MarkBody, dryRun: boolean) =>
  call<t.TaskKeys>(at(dryRun ? `${TASK}/dry_run` : TASK, path(ref), ref.mapIndex < 0 ? {} : mapped(ref)), {
    method: "PATCH",
    body,
  });
export const answer = (ref: TaskRef, body: { chosen_options: string[]; params_input: Record<string, unknown> }) =>
  call<unknown>(
    at("/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/{map_index}/hitlDetails", asked(ref)),
    { method: "PATCH", body },
  );

export interface BackfillBody {
  dag_id: string;
  from_date: string;
  to_date: string;
  run_backwards: boolean;
  reprocess_behavior: string;
  max_active_runs: number;
  dag_run_conf?: Record<string, unknown>;
}
export const backfillPreview = (body: BackfillBody) =>
  call<{ backfills: { logical_date: string | null; partition_key: string | null }[]; total_entries: number }>(
    at("/api/v2/backfills/dry_run", {}),
    { method: "POST", body },
  );
export const backfill = (body: BackfillBody) =>
  call<t.Backfill>(at("/api/v2/backfills", {}), { method: "POST", body });
export const backfillDo = (id: number, what: "pause" | "unpause" | "cancel") =>
  call<t.Backfill>(at(`/api/v2/backfills/{backfill_id}/${what}`, { backfill_id: id }), { method: "PUT" });

const JOB_FILES = "/goflow/v1/job-files" as const;
export const jobFilePlace = (o: Signal = {}) => call<t.JobFilePlace>(at(JOB_FILES, {}), o);
export const nativeSchema = (o: Signal = {}) => call<NativeSchema>(at(`${JOB_FILES}/schema`, {}), o);
export const jobFile = (file: string, o: Signal = {}) => call<t.JobFile>(at(`${JOB_FILES}/{path}`, { path: file }), o);
export const checkJob = (content: string, file: string | undefined, o: Signal = {}) =>
  call<t.CheckAnswer>(at(`${JOB_FILES}/check`, {}), { ...o, method: "POST", body: { content, ...(file ? { path: file } : {}) } });
export const tryJob = (content: string, file: string | undefined) =>
  call<t.TryAnswer>(at(`${JOB_FILES}/try`, {}), { method: "POST", body: { content, ...(file ? { path: file } : {}) } });
export const makeJobFile = (name: string, content: string) =>
  call<t.JobFile>(at(JOB_FILES, {}), { method: "POST", body: { name, content } });
export const saveJobFile = (file: string, content: string, digest: string) =>
  call<t.JobFile>(at(`${JOB_FILES}/{path}`, { path: file }), { method: "PUT", body: { content, digest } });
export const deleteJobFile = (file: string, digest: string) =>
  call<void>(at(`${JOB_FILES}/{path}`, { path: file }, { digest }), { method: "DELETE" });

export const setVariable = (body: t.Variable) => call<t.Variable>(at("/goflow/v1/variables", {}), { method: "PUT", body });
export const deleteVariable = (key: string) =>
  call<void>(`/api/v2/variables/${encodeURIComponent(key)}`, { method: "DELETE" });

export const triggerAssetEvent = (assetId: number) =>
  call<t.AssetEvent>(at("/api/v2/assets/events", {}), { method: "POST", body: { asset_id: assetId, extra: {} } });
