/** What the server answers, as far as the page looks at it. Moments are ISO texts in UTC. */

import type { UsageSeries } from "@/lib/usage";

import type { Figures } from "@/lib/figures";

export type Moment = string | null;

export interface RunColumns {
  key: number[];
  dag_id: string[];
  run_id: string[];
  run_type: string[];
  state: string[];
  logical_date: Moment[];
  run_after: string[];
  queued_at: Moment[];
  start_date: Moment[];
  end_date: Moment[];
  note: (string | null)[];
  triggered_by: (string | null)[];
  version: number[];
}

export interface Structure {
  groups: { id: string[]; label: string[]; parent: number[]; mapped: number[]; tooltip: string[] };
  tasks: {
    id: string[];
    label: string[];
    group: number[];
    operator: number[];
    mapped: number[];
    kind: string[];
  };
  operators: string[];
}

export type Counted = Record<string, number>;

export interface GridAnswer {
  reading: number;
  runs: RunColumns;
  more: boolean;
  /** A text for each run, a letter for each task. */
  states: string[];
  /** Tasks that only runs of other versions have. */
  gone: string[];
  /** Of mapped tasks: [task, run, {letter: copies}]. */
  copies: [number, number, Counted][];
  structure?: Structure;
}

export interface CopiesAnswer {
  runs: Record<string, string>;
  labels: Record<string, string>;
  cut: boolean;
}

export interface GraphAnswer {
  reading: number;
  structure: Structure;
  edges: [number, number][];
  labels: Record<string, string>;
}

export interface DagColumns {
  dag_id: string[];
  name: string[];
  description: (string | null)[];
  is_paused: boolean[];
  schedule: string[];
  next: Moment[];
  tags: string[][];
  owners: string[][];
  tasks: number[];
  namespace: string[];
  file_path: string[];
  version: number[];
  hold_reason: (string | null)[];
  /** Who begins its runs where not GoFlow does: a CronJob that it has placed, or one that it watches. */
  cronjob: ("placed" | "watched" | null)[];
  last: (string | null)[];
  strips: Record<string, StripRun[]>;
}

/** [run id, state, begin, end, run after] */
export type StripRun = [string, string, Moment, Moment, string];

export interface Part {
  part: string;
  problem: string | null;
}

export interface HomeAnswer {
  now: string;
  dags: { active: number; paused: number };
  ended: Counted;
  open: Counted;
  tasks: Counted;
  failed: RunColumns;
  running: RunColumns;
  late: {
    overdue: { dag_id: string; since: string }[];
    deadlines: { dag_id: string; run_id: string; deadline_time: string; name: string | null }[];
    slas: { dag_id: string; task_id: string; logical_date: string; missed_at: string }[];
  };
  next: { dag_id: string; run_after: string; logical_date: Moment }[];
  held: { dag_id: string; reason: string }[];
  questions: number;
  import_errors: number;
  health: Part[];
}

export interface HealthAnswer {
  parts: Part[];
  counts: { launches: Counted; tasks: Counted; runs: Counted };
  process: { pid: number; rss_bytes: number; cpu_seconds: number; threads: number; started: string };
  versions: Record<string, string>;
  figures: Figures;
  status: Record<string, unknown>;
  words: Record<string, string>;
}

export interface Dag {
  dag_id: string;
  dag_display_name: string;
  description: string | null;
  is_paused: boolean;
  is_stale: boolean;
  owners: string[];
  tags: string[];
  schedule: string;
  next_run_after: Moment;
  next_logical_date: Moment;
  max_active_runs: number;
  max_active_tasks: number;
  last_updated_date: Moment;
  version: number;
  file_path: string;
  kept_in?: "folder" | "database";
  file_format: string;
  dialect: string;
  hold_reason: string | null;
  task_count: number;
}

export interface Diagnostic {
  code: string;
  severity: string;
  message: string;
  path: string;
  line: number;
  column: number;
  end_line: number;
  end_column: number;
  hint: string;
  dag_id: string | null;
  task_id: string | null;
}

export interface DagDetails extends Dag {
  spec: DagSpec;
  diagnostics: Diagnostic[];
  problems: { asked: string; problem: string; since: Moment; failures: number }[];
}

export interface DagSpec {
  dag_id: string;
  doc?: string;
  timezone?: string;
  catchup?: boolean;
  params?: Record<string, unknown>;
  param_schemas?: Record<string, JsonSchema>;
  /** Whether any of its tasks is one of a native DAG. */
  native: boolean;
  schedule?: Record<string, unknown>;
  [key: string]: unknown;
}

/** Tasks in columns, in the file's order. */
export interface DagTasks {
  task_id: string[];
  operator: string[];
  upstream: string[][];
  trigger_rule: unknown[];
  retries: unknown[];
  line: number[];
}

export interface JsonSchema {
  type?: string | string[];
  enum?: unknown[];
  examples?: unknown[];
  values_display?: Record<string, string>;
  title?: string;
  description?: string;
  description_md?: string;
  format?: string;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  minLength?: number;
  maxLength?: number;
  pattern?: string;
  items?: JsonSchema;
  section?: string;
  const?: unknown;
}

export interface Run {
  dag_run_id: string;
  dag_id: string;
  logical_date: Moment;
  queued_at: Moment;
  start_date: Moment;
  end_date: Moment;
  duration: number | null;
  data_interval_start: Moment;
  data_interval_end: Moment;
  run_after: string;
  run_type: string;
  state: string;
  triggered_by: string | null;
  conf: Record<string, unknown>;
  note: string | null;
  dag_version: number | null;
  backfill_id: number | null;
  partition_key: string | null;
}

export interface TaskColumns {
  task_id: string[];
  map_index: number[];
  label: (string | null)[];
  state: string[];
  try_number: number[];
  max_tries: number[];
  queued_at: Moment[];
  start_date: Moment[];
  end_date: Moment[];
  next_at: Moment[];
  reason: (string | null)[];
  message: (string | null)[];
  exit_code: (number | null)[];
  note: (string | null)[];
  pool: string[];
  operator: (string | null)[];
}

export interface RunAnswer {
  run: Run;
  counts: Counted;
  tasks: TaskColumns;
}

/** What an attempt or a launch has used; null where nobody has measured it. */
export interface Used {
  wait_seconds: number | null;
  run_seconds: number | null;
  cpu_seconds: number | null;
  memory_bytes: number | null;
  sampled_bytes: number | null;
  cached_bytes: number | null;
  source: string | null;
}

/** What a container asks for and is limited to: CPUs and bytes. */
export interface Asked {
  cpu_request: number | null;
  cpu_limit: number | null;
  memory_request: number | null;
  memory_limit: number | null;
}

export interface UsageHint {
  kind: string;
  text: string;
}

export interface UsageAnswer {
  resources: Asked | null;
  attempts: (Used & { try_number: number; state: string })[];
  try_number: number;
  series: UsageSeries[];
}

export interface Attempt {
  try_number: number;
  state: string;
  queued_when: Moment;
  start_date: Moment;
  end_date: Moment;
  exit_code: number | null;
  reason: string | null;
  message: string | null;
  usage: Used;
}

export interface Launch {
  launch_id: string;
  try_number: number;
  ordinal: number;
  state: string;
  backend: string;
  namespace: string;
  job_name: string;
  planned_at: Moment;
  created_at: Moment;
  claimed_at: Moment;
  ended_at: Moment;
  exit_code: number | null;
  reason: string | null;
  message: string | null;
}

export interface TaskAnswer {
  task_id: string;
  dag_run_id: string;
  map_index: number;
  state: string | null;
  try_number: number;
  max_tries: number;
  queued_when: Moment;
  start_date: Moment;
  end_date: Moment;
  duration: number | null;
  operator: string | null;
  pool: string;
  pool_slots: number;
  queue: string | null;
  priority_weight: number;
  note: string | null;
  reason: string | null;
  message: string | null;
  rendered_fields: Record<string, unknown>;
  rendered_map_index: string | null;
  xcoms: Record<string, unknown>;
  attempts: Attempt[];
  launches: Launch[];
}

export interface LogAnswer {
  try_number: number;
  tries: number[];
  parts: (Launch & { lines: number; missing: number })[];
  ended: boolean;
  message: string | null;
}

export interface LinesAnswer {
  seq: number[];
  at: number[];
  stream: string[];
  text: string[];
  last: number;
}

export interface TaskKeys {
  task_instances: {
    dag_id: string;
    dag_run_id: string;
    task_id: string;
    map_index: number;
    state: string | null;
    becomes?: string;
  }[];
  total_entries: number;
  /** Of a run that is to be marked: whether it has its state at once. */
  at_once?: boolean;
}

export interface KubeEvent {
  kind: string;
  about: string;
  reason: string;
  message: string;
  source: string;
  count: number;
  first_at: Moment;
  last_at: Moment;
}

export interface KubeEvents {
  events: KubeEvent[];
  /** Why the API server has told none. */
  reason: string | null;
  /** Whether those are told that were kept with the attempt, and no others. */
  kept: boolean;
}

export interface CalendarAnswer {
  year: number;
  timezone: string;
  days: Record<string, Counted>;
  foretold: boolean;
}

export interface DayAnswer {
  day: string;
  timezone: string;
  runs: { run_id: string; state: string; moment: Moment; start_date: Moment; end_date: Moment }[];
  missed: string[];
  planned: string[];
}

export interface DurationsAnswer {
  run_id: string[];
  state: string[];
  start_date: string[];
  seconds: number[];
  waited: (number | null)[];
  map_index: number[];
}

export interface Version {
  number: number;
  file_hash: string;
  spec_digest: string;
  read_by: string;
  created_date: string;
  file_path: string;
  file_format: string;
  same_meaning: boolean;
  runs: number;
  first_run: Moment;
  last_run: Moment;
  readings: { number: number; reader_version: string; dialect: string; created_date: string }[];
}

export interface DiffAnswer {
  old: number;
  new: number;
  same_meaning: boolean;
  source: string;
  meaning: string;
}

export interface Event {
  event_log_id: number;
  when: string;
  event: string;
  dag_id: string | null;
  run_id: string | null;
  task_id: string | null;
  map_index: number | null;
  try_number: number | null;
  owner: string | null;
  extra: Record<string, unknown>;
}

export interface JobFilePlace {
  saves_in: "folder" | "database";
  folder: string;
  folder_locked: string | null;
}

export interface JobFile {
  path: string;
  kept_in: "folder" | "database";
  content: string;
  digest: string;
  locked: string | null;
  dag_ids: string[];
}

export interface CheckedDag {
  dag_id: string;
  schedule: string;
  next_runs: string[];
  graph: GraphAnswer;
  jobs: { task_id: string; job: unknown; reason: string | null }[];
}

export interface CheckAnswer {
  diagnostics: Diagnostic[];
  documents: unknown[];
  dags: CheckedDag[];
}

export interface TryAnswer {
  backend: string;
  tasks: {
    dag_id: string;
    task_id: string;
    problem: string | null;
    command: string[] | null;
    environment?: Record<string, string>;
    image_passed_over?: string | null;
  }[];
}

export interface ReadFile {
  path: string;
  dag_ids: string[];
  looks_like_dag: boolean;
  seconds: number | null;
  last_read_at: Moment;
  diagnostics: Diagnostic[];
  broken: boolean;
}

export interface Asset {
  id: number;
  name: string;
  uri: string;
  group: string;
  scheduled_dags: { dag_id: string }[];
  producing_tasks: { dag_id: string; task_id: string }[];
  consuming_tasks: { dag_id: string; task_id: string }[];
  last_asset_event: { timestamp: Moment } | null;
  events?: number;
}

export interface AssetEvent {
  id: number;
  name: string | null;
  uri: string;
  timestamp: string;
  source_dag_id: string | null;
  source_run_id: string | null;
  source_task_id: string | null;
  created_dagruns: { dag_id: string; run_id: string; state: string }[];
  partition_key: string | null;
}

export interface CronJob {
  namespace: string;
  name: string;
  dag_id: string;
  dag_display_name: string | null;
  placed: boolean;
  state: "active" | "suspended" | "absent" | "problem";
  problem: string | null;
  schedule: string;
  time_zone: string | null;
  suspended: boolean;
  last_schedule_at: Moment;
  next_schedule_at: Moment;
  mended_at: Moment;
  mended: string | null;
  in_force_since: Moment;
  seen_at: Moment;
}

export interface CronJobs {
  cronjobs: CronJob[];
  total_entries: number;
  trouble: string | null;
}

export interface Pool {
  name: string;
  slots: number;
  description: string | null;
  include_deferred: boolean;
  occupied_slots: number;
  queued_slots: number;
  running_slots: number;
  scheduled_slots: number;
  deferred_slots: number;
  open_slots: number;
}

export interface Variable {
  key: string;
  value: string;
  description: string | null;
}

export interface Connection {
  connection_id: string;
  conn_type: string;
  description: string | null;
  host: string | null;
  login: string | null;
  schema: string | null;
  port: number | null;
  password: string | null;
  extra: string | null;
}

export interface Backfill {
  id: number;
  dag_id: string;
  from_date: string;
  to_date: string;
  is_paused: boolean;
  reprocess_behavior: string;
  max_active_runs: number;
  created_at: string;
  completed_at: Moment;
  run_backwards?: boolean;
  runs?: Counted;
}

export interface Question {
  subject: string;
  body: string | null;
  options: string[];
  defaults: string[] | null;
  multiple: boolean;
  params: Record<string, unknown>;
  created_at: string;
  response_received: boolean;
  responded_by_user: { id: string; name: string } | null;
  responded_at: Moment;
  chosen_options: string[] | null;
  task_instance: { dag_id: string; dag_run_id: string; task_id: string; map_index: number };
}

export interface Me {
  name: string;
  role: string;
  is_user: boolean;
  csrf_token: string | null;
}

export interface SessionAnswer {
  signed_in: boolean;
  sign_in_needed: boolean;
  password: boolean;
  oidc: { name: string; url: string } | null;
  me: Me | null;
}
