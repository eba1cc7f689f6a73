"""The task API: what a runner and the daemon say to each other, as JSON over HTTP.

Every call carries ``Authorization: Bearer TOKEN``; the token is good for one launch. All paths begin with `PREFIX`.

=======================================  ==========================================================================
``POST launches/ID/claim``               `Claim` -> `TaskInput`. 409: another process has claimed this launch, end
                                         quietly. 410: the launch is not wanted any more, end quietly.
``GET folders/DIGEST.tar``               The DAG folder of the launch's own version as it was, an uncompressed tar.
``POST launches/ID/logs``                `LogLines` -> 204. Lines are numbered; sending some twice is harmless. 429 with
                                         ``Retry-After``: not now, where they can wait.
``POST launches/ID/report``              `Report`: rendered fields and XComs before the end -> 204.
``POST launches/ID/finish``              `Finish`: the last report, the last lines and the outcome -> 204. Repeating it
                                         is harmless, and so is coming late: the end that was told first stands.
``GET xcoms``                            Query ``dag_id``, ``run_id``, ``task_id``, ``key``, and ``map_index`` (absent:
                                         all) -> ``{"values": [{"map_index": n, "value": json}, ...]}`` by map index.
``GET xcoms/prior``                      The same for the newest earlier run that has one (``include_prior_dates``).
``GET variables/NAME``                   -> ``{"value": text}`` or 404. ``PUT`` sets, ``DELETE`` removes.
``GET connections/ID``                   -> ``{"conn_id", "conn_type", "host", "login", "password", "schema", "port",
                                         "extra"}`` or 404.
``GET assets``                           Query ``name``, ``uri``, or ``alias`` -> ``{"assets": [{"name", "uri",
                                         "group"}]}``: the asset, or those that the alias has stood for.
``GET asset_events``                     Query the same, and ``after``, ``before``, ``ascending``, ``limit`` ->
                                         ``{"asset_events": [AssetHappened]}``.
``POST launches/ID/question``            `Question` -> 204: the task asks a person (``HITLOperator``). ``GET`` -> what
                                         was answered (``response_received``, ``chosen_options``, ``params_input``,
                                         ``responded_at``, ``responded_by_user``); ``PATCH`` answers.
``GET state``                            Query ``key``, and ``asset`` (a name; absent: the task's own) -> ``{"values":
                                         [json]}``, empty where nothing is kept. ``PUT`` ``{"value": json,
                                         "expires_at"?: ISO}`` keeps, ``DELETE`` forgets (without ``key``: all).
``POST dag_runs``                        `{"dag_id", "run_id"?, "conf"?, "logical_date"?}`` -> ``{"dag_id", "run_id",
                                         "logical_date"}``. 404 no such DAG, 409 there is such a run (not if this
                                         launch has made it and the call carries `REPEAT_HEADER`: then its first answer
                                         was lost), `PAUSED` its DAG is (and ``fail_when_dag_is_paused`` was given).
``GET dag_runs``                         Query ``dag_id`` and ``run_id`` or ``logical_date`` -> ``{"runs": [{"run_id",
                                         "state", "logical_date", "run_type", "conf", ...}]}``.
``GET task_states``                      Query ``dag_id``, ``logical_date`` or ``run_id``, ``task_id`` (repeatable) ->
                                         ``{"states": {"task_id": {"MAP_INDEX": state}}}`` (external-task sensors).
``POST trigger_runners/ID/sync``         `TriggerSync` -> `TriggerOrders`: a trigger runner says what it holds, and is
                                         told what to begin and what to leave. Repeating it is harmless.
``GET trigger_runners/ID/DIGEST.tar``    The folder of a question that the runner answers.
``POST trigger_runners/ID/events``       `TriggerNews` -> 204. The first word about a trigger counts; repeating it is
                                         harmless.
=======================================  ==========================================================================

A trigger runner asks for what its triggers need (Variables, connections, the folder) with a token of its own: header
`RUNNER_HEADER` names it, and ``X-GoFlow-Launch`` the launch in whose name the trigger speaks.

Errors have the body ``{"detail": words}``: 400 a body or query that is not as it should be, 401 a wrong token, 403 the
launch has ended or this is none of its business, 413 more than `LARGEST_BODY`; 429, 5xx, no answer: try again.
"""

from __future__ import annotations

from typing import Any, TypedDict

PREFIX = "/task/v1/"
PROTOCOL = 1
LARGEST_BODY = 64 << 20
"""Bytes of one request; a longer one is refused by the client already (413), since a server that does not read it to
its end cannot answer."""
EXECUTION_PREFIX = "/execution/"
"""Below it the same server speaks Airflow's own Task Execution API, for tasks that run under Airflow's supervisor."""
PAUSED = 423
"""The status of the refusal to begin a run of a DAG that is paused."""
REPEAT_HEADER = "X-GoFlow-Repeat"
"""Carried by a call that was sent before without an answer: the server may have heard it already."""
TOLD_TO_STOP_HEADER = "X-GoFlow-Told-To-Stop"
"""Carried by an end that Airflow's supervisor tells of a task which its runner has told to stop."""

RUNNER_HEADER = "X-GoFlow-Trigger-Runner"
"""The trigger runner that speaks."""
WATCH_LAUNCH = "watch-"
"""In the place of a launch's id, with the id of a watch behind it: a trigger runner speaks for that watch's DAG."""

ENV_TRIGGER_RUNNER = "GOFLOW_TRIGGER_RUNNER"
"""Name of a trigger runner."""
ENV_TRIGGER_CAPACITY = "GOFLOW_TRIGGER_CAPACITY"
"""How many triggers it takes."""
ENV_API_URL = "GOFLOW_TASK_API"
"""Where the task API is: ``http://host:port``, or ``file:/path`` of a file that holds such an address and is read at
each connection (a local daemon that is started again may listen elsewhere)."""
ENV_LAUNCH = "GOFLOW_LAUNCH_ID"
ENV_SHARED_JOB = "GOFLOW_SHARED_JOB"
"""In place of `ENV_LAUNCH` in the pods of an Indexed Job: what its launches' ids begin with (`launch_of`)."""
ENV_INDEX = "JOB_COMPLETION_INDEX"
"""The pod's index there; Kubernetes sets it in each container."""
ENV_TOKEN_FILE = "GOFLOW_TOKEN_FILE"  # noqa: S105
"""A file that holds the token; it is read before every call, since projected tokens are rotated."""
ENV_CLAIMANT = "GOFLOW_CLAIMANT"
"""Who claims: the pod's uid (downward API), or ``pid:start time`` on the local backend."""
ENV_RESULTS = "GOFLOW_RESULTS"
"""For the sidecar that sends the result of a container that is not ours: JSON, ``limits`` (`ResultLimits`) and
``place``, the ids of DAG, run and task and the map index."""
ENV_WORK_DIR = "GOFLOW_WORK_DIR"
"""A writable folder for spool, unpacked DAG folder and results (an emptyDir, or the attempt's own folder)."""

EXIT_SKIP = 99
EXIT_NOT_CLAIMED = 97
"""The runner ended because its launch belongs to another process or is not wanted: nothing was run."""
EXIT_NO_SERVER = 96
"""The server stayed away longer than the runner waits; the outcome is in the termination message and the spool."""


def launch_of(shared_job: str, index: int) -> str:
    """The launch of the pod with that INDEX in a Job that launches share. The server believes it only where the pod's
    own name, as the API server knows it, says the same."""
    return f"{shared_job}{index:05x}"


class Claim(TypedDict):
    """Said first, before anything of the task runs."""

    protocol: int
    claimant: str
    hostname: str
    pid: int


class RunInfo(TypedDict):
    """The DAG run, moments as ISO text in UTC or None."""

    run_id: str
    run_type: str
    logical_date: str | None
    data_interval_start: str | None
    data_interval_end: str | None
    run_after: str
    start_date: str | None
    queued_at: str | None
    conf: dict[str, Any]
    prev_success: dict[str, str | None] | None
    """``logical_date``, ``data_interval_start``, ``data_interval_end``, ``start_date``, ``end_date`` of the newest
    earlier successful run; None where there is none."""
    consumed_asset_events: list[AssetHappened]
    """The events that made the run begin, the oldest first."""
    partition_key: str | None
    partition_date: str | None
    """The partition of assets that it is for, and the moment that this stands for, where it stands for one."""


class AssetHappened(TypedDict):
    """An event of an asset (``{"name", "uri", "group"}``), and which task instance has made it, if one has. ALIASES:
    the names under which it was told (``{"name"}``). TIMESTAMP is ISO text in UTC."""

    id: int
    timestamp: str
    asset: dict[str, Any]
    extra: dict[str, Any]
    source_aliases: list[dict[str, str]]
    source_dag_id: str | None
    source_run_id: str | None
    source_task_id: str | None
    source_map_index: int | None
    partition_key: str | None


class Question(TypedDict, total=False):
    """What a task asks a person: SUBJECT and OPTIONS are needed."""

    subject: str
    body: str | None
    options: list[str]
    defaults: list[str] | None
    multiple: bool
    params: dict[str, Any]
    assigned_users: list[dict[str, str]]


class FolderInfo(TypedDict):
    """The DAG folder as it was: DIGEST names its content, PATH is where the file thinks it lies (``__file__``)."""

    digest: str
    path: str
    file: str
    """The DAG's file, relative to PATH."""
    import_roots: list[str]
    local: str | None
    """Local backend: a folder on this machine that already holds the content; nothing needs to be fetched."""


class FiredInfo(TypedDict, total=False):
    """What came of a trigger. KIND: ``event`` (with its ``payload``), ``failure`` (with the lines of its
    ``traceback``), ``timeout``; or ``success``, ``failed``, ``skipped``: the trigger has ended the task itself (and
    leaves ``xcoms``)."""

    kind: str
    payload: Any
    traceback: list[str]
    xcoms: dict[str, Any]


class ResumeInfo(TypedDict):
    """How a deferred task goes on: with the operator's method NEXT_METHOD, given NEXT_KWARGS and the event."""

    next_method: str
    next_kwargs: dict[str, Any]
    encoding: str
    fired: FiredInfo


class AirflowInfo(TypedDict):
    """A task that runs under Airflow's own supervisor (``runtime: airflow``)."""

    python: str | None
    """The Python that has Airflow; None: the first ``python`` on the path."""
    workload: dict[str, Any]
    """What ``airflow.sdk.execution_time.execute_workload`` is handed, as JSON, without its token."""


class ResultLimits(TypedDict):
    """Where results go (bytes of JSON): those longer than THRESHOLD into STORE, an fsspec URL, where one is named;
    others may have LARGEST."""

    largest: int
    store: str
    threshold: int


class TaskInput(TypedDict):
    """Everything the runner needs to know to run one launch."""

    protocol: int
    launch_id: str
    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    try_number: int
    max_tries: int
    reschedules: int
    first_start: str | None
    """When the first launch of this attempt began (ISO, UTC): a rescheduled sensor's time-out counts from here."""
    dialect: str
    task: dict[str, Any]
    """`goflow.domain.spec.TaskSpec` as JSON."""
    dag: dict[str, Any]
    """`goflow.domain.spec.DagSpec` as JSON, without its tasks."""
    run: RunInfo
    folder: FolderInfo
    inputs: dict[str, Any]
    """What the file asked for when it was read (`goflow.domain.spec.InputsUsed`), and ``"moment"``: when (ISO, UTC)."""
    environment: dict[str, str]
    results: ResultLimits
    render_only: bool
    """Whether the task is only to tell what its template fields render to, in place of running."""
    resolve: list[str]
    """Arguments of the task's pod that are to be found out, in place of running it: the outcome's ``resolved`` has
    them. Empty: the task is to be run."""
    resume: ResumeInfo | None
    """Given when the attempt goes on after it was deferred; None: it begins at its beginning."""
    airflow: AirflowInfo | None
    """What is to be started in place of the shim; None: the shim runs the task."""
    upstream_map_lengths: dict[str, int]
    """Task id to the number of its mapped copies in this run."""
    server_time: str


class LogLine(TypedDict):
    """One line of output. SEQ counts from 1 within a launch, AT is seconds since 1970 UTC."""

    seq: int
    at: float
    stream: str
    """``out`` (the task's own output, standard output and error as one), or ``runner`` (the runner's own words)."""
    text: str


class LogLines(TypedDict, total=False):
    """Some lines, in order, without gaps among them."""

    lines: list[LogLine]
    """Always given."""
    written: int
    """The number of the last line that the task has written by now; should the rest never come, the gap has a size."""
    last: bool
    """False: who sends them keeps them where the server has too many just now (429, with ``Retry-After``) and comes
    back. True, or left out: they cannot wait, as their task has ended."""


class XComValue(TypedDict):
    """One result. LENGTH is the number of copies a task mapped over it has; None where it cannot be mapped over."""

    key: str
    value: Any
    length: int | None


class UnsentResult(TypedDict, total=False):
    """What the sidecar that sends the result of a container that is not ours leaves in its termination message until
    the server has heard it: one of these."""

    xcoms: list[XComValue]
    failed: str
    """Why what the container left is no result."""
    in_log: bool
    """The message has no room for either: it stands in the sidecar's log (`goflow_runner.log_lines`)."""


RESULT_LINE = "goflow-result"
"""The mark of those lines."""


class Report(TypedDict, total=False):
    """What is known before the end; every part may be missing."""

    rendered_fields: dict[str, Any]
    xcoms: list[XComValue]
    rendered_map_index: str
    note: str


HITL_TRIGGER = "airflow.providers.standard.triggers.hitl.HITLTrigger"
"""What a task waits for that has asked a person: no runner ever makes it."""


class DeferralInfo(TypedDict, total=False):
    """What a deferred task waits for (``TaskDeferred``): the trigger's class and arguments, and how the task goes on.

    FROM_FOLDER: whether the trigger is made of code in the DAG folder. ENCODING: whose form the arguments are in,
    ``goflow`` (the shim's) or ``airflow``.
    """

    classpath: str
    kwargs: dict[str, Any]
    next_method: str
    next_kwargs: dict[str, Any]
    timeout_s: float | None
    from_folder: bool
    encoding: str


class AssetEventInfo(TypedDict, total=False):
    """What has happened to an asset. Of a reference only ``name`` or ``uri`` is known. ALIASES: the names of
    ``AssetAlias`` that stood for it."""

    name: str | None
    uri: str | None
    extra: dict[str, Any]
    aliases: list[str]
    partition_key: str


class OutcomeInfo(TypedDict, total=False):
    """How it ended. ``state`` is needed: ``success``, ``failed``, ``skipped``, ``up_for_reschedule``, ``deferred``."""

    state: str
    exit_code: int | None
    reason: str
    """One word for machines: ``Exception``, ``Timeout``, ``Signal``, ``BashExit``, ``SensorTimeout``, ``Drift`` ..."""
    message: str
    """One line for people: the exception's own words."""
    retry: bool
    retry_delay_s: float
    """With ``failed``: seconds until the next try, where the task's retry policy says; absent: as the task declares."""
    reschedule_at: str | None
    skip_downstream: list[str]
    """Task ids that a branch or short circuit decided to skip (direct ones; with ``skip_all_downstream`` all below)."""
    resolved: dict[str, Any]
    """What `TaskInput.resolve` asked for, as JSON with the tags of ``goflow.domain.canonical``. It is not the end of
    the task: another launch follows, which is the pod that is made of it."""
    called_back: bool
    """With ``failed``: whether the author's callback was called already."""
    not_begun: bool
    """With ``failed``: the server was away and so the launch was not claimed; nothing of the task has run."""
    deferral: DeferralInfo
    """With ``deferred``. It is told to the server alone, and never left in a termination message: it may hold
    secrets."""
    asset_events: list[AssetEventInfo]
    """With ``success``: what has happened to the task's outlets. Absent: nobody has looked, and each asset that the
    file names as an outlet has an event without extra."""
    usage: dict[str, float]
    """What the task's processes have used: ``cpu_seconds``, ``max_rss_bytes`` (the largest of them), ``memory_bytes``
    (several together, where that was more), ``wall_seconds``; of the whole container, where its control group can be
    read, ``container_cpu_seconds`` and ``container_memory_bytes``, which has the page cache in it."""


class Finish(Report, total=False):
    """The end."""

    outcome: OutcomeInfo
    lines: list[LogLine]


class TriggerTask(TypedDict):
    """The task instance that waits for a trigger."""

    launch_id: str
    """The launch that deferred it."""
    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    try_number: int
    max_tries: int


class TriggerInfo(TypedDict):
    """A trigger to be run. FOLDER: the DAG folder as it was, where its class is from there."""

    id: int
    classpath: str
    kwargs: dict[str, Any]
    encoding: str
    timeout_at: str | None
    dialect: str
    environment: dict[str, str]
    folder: FolderInfo | None
    task: TriggerTask


class CallbackInfo(TypedDict):
    """A callback to be called once: of a DAG whose run has ended (KIND ``success`` or ``failure``), or of a task whose
    own process could not do it (``task_execute``, ``task_success``, ``task_failure``, ``task_retry``,
    ``task_skipped``), or of a DAG that is late: ``deadline`` (DATA: ``position`` among the DAG's deadlines, and the
    ``context`` for it) and ``sla_miss`` (DATA: ``slas`` and ``blocking``). REASON: why it ended. TASK: the input of the
    task instance in its context, where there is one that ran; LAUNCH_ID: in whose name it asks the server; None: it
    cannot."""

    id: int
    kind: str
    reason: str
    dag_id: str
    run_id: str
    dialect: str
    environment: dict[str, str]
    folder: FolderInfo
    inputs: dict[str, Any]
    launch_id: str | None
    task: TaskInput | None
    data: dict[str, Any]


class CallbackEnd(TypedDict):
    """How a callback ended: OK when nothing of it has raised; the end of what it has printed."""

    id: int
    ok: bool
    output: str


class WatchInfo(TypedDict):
    """An asset to watch: the file of DAG_ID says by which triggers (``AssetWatcher``). EPOCH counts its changes of
    hands."""

    id: int
    epoch: int
    asset: dict[str, str]
    dag_id: str
    dialect: str
    environment: dict[str, str]
    folder: FolderInfo
    inputs: dict[str, Any]


class WatchHeld(TypedDict, total=False):
    """A watch that a runner has: what it has found of its WATCHERS (the name of each by the key of its trigger), or the
    TROUBLE that it has with it."""

    id: int
    epoch: int
    watchers: dict[str, str] | None
    trouble: str | None


class WatchRun(TypedDict):
    """Of a watch that a runner has, the KEYS of the triggers that are to run: others run elsewhere for it."""

    id: int
    keys: list[str]


class WatchEvent(TypedDict):
    """The trigger of that KEY has yielded an event. TOLD_AS is another text for each, and the same when it is told
    again."""

    id: int
    key: str
    payload: Any
    told_as: str


class QuestionInfo(TypedDict):
    """A question to code of the author's own. KIND: ``next_runs`` or ``interval`` (of the DAG's timetable), or
    ``weight`` (of a task's strategy), ``deadline`` (what one counts from), ``partition`` (of a partition mapper, for
    which keys an event is), or ``partition_date`` (of timetable or mappers, what the key of a run by hand stands for);
    ASKED: its arguments, of a weight or a deadline also ``run`` (`RunInfo`).
    LAUNCH_ID: in whose name the code asks the server; None: it cannot."""

    id: int
    epoch: int
    kind: str
    dag_id: str
    dialect: str
    environment: dict[str, str]
    folder: FolderInfo
    inputs: dict[str, Any]
    asked: dict[str, Any]
    launch_id: str | None


class AnswerInfo(TypedDict):
    """What the code has TOLD to a question, or the PROBLEM for which it has told nothing."""

    id: int
    epoch: int
    told: Any
    problem: str | None


class TriggerSync(TypedDict):
    """What a trigger runner says again and again. PROCESS: its pod's uid, or ``pid:start time``. CALLING: callbacks
    that it is calling; ANSWERING: questions that it is answering, each as ``id:epoch``. LEAVING: it ends, and holds
    nothing from now on."""

    protocol: int
    process: str
    capacity: int
    held: list[int]
    calling: list[int]
    watching: list[WatchHeld]
    answering: list[str]
    leaving: bool


class TriggerLeave(TypedDict):
    """A trigger to leave. WHY: ``fired`` (something has come of it), ``moved`` (another runner has it now), ``killed``
    (a person or the scheduler has ended its task)."""

    id: int
    why: str


class TriggerOrders(TypedDict):
    """What a trigger runner is to do; POLL_S: seconds until it asks again."""

    start: list[TriggerInfo]
    leave: list[TriggerLeave]
    call: list[CallbackInfo]
    watch: list[WatchInfo]
    unwatch: list[int]
    run: list[WatchRun]
    answer: list[QuestionInfo]
    poll_s: float


class TriggerLine(TypedDict):
    """A line that a trigger has logged, for its task's log."""

    launch_id: str
    at: float
    text: str


class TriggerEventInfo(FiredInfo):
    """What has come of the trigger of that id."""

    id: int


class TriggerNews(TypedDict):
    """What a trigger runner has to tell."""

    events: list[TriggerEventInfo]
    lines: list[TriggerLine]
    called: list[CallbackEnd]
    seen: list[WatchEvent]
    answered: list[AnswerInfo]
