"""One launch, from claim to finish.

The agent is the container's first process (on the local backend a process in a session of its own). It claims the
launch, puts the DAG folder in place, runs the task as a child, passes signals on to it, ships its output and tells the
end. It never imports user code itself: a task that crashes its interpreter still gets its log and its end told.
"""

from __future__ import annotations

import contextlib
import json
import signal
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from goflow_runner import command, processes
from goflow_runner.accounting import Account
from goflow_runner.client import RefusedError, ServerAwayError, TaskClient
from goflow_runner.output import BUSY_S, Output
from goflow_runner.wire import EXIT_NO_SERVER, EXIT_NOT_CLAIMED, Finish, OutcomeInfo, TaskInput

if TYPE_CHECKING:
    from goflow_runner.desk import DeskClient

KILL_AFTER_S = 25.0
"""From SIGTERM to SIGKILL for the task, five seconds less than Kubernetes' default grace period of 30."""
RUNNER_CODES = frozenset({EXIT_NO_SERVER, EXIT_NOT_CLAIMED})
"""Exit codes of the agent that mean something of its own: a task's are not passed on."""
GOODBYE_S = 5.0
"""What a task that was told to stop has left behind, and what was told with it, may take so much longer."""
TIMEOUT_MARGIN_S = 30.0
"""The task enforces its execution_timeout itself, so that on_kill runs; the agent steps in this much later."""
TERMINATION_LOG = Path("/dev/termination-log")
MEANT = frozenset({"xcoms", "asset_events", "skip_downstream", "resolved", "reschedule_at"})
"""What an end means besides its state: without one of these it is another end."""
_SHORTEST = frozenset({"state", "reason", "retry", "retry_delay_s", "exit_code", "not_begun"})
"""What of a word is told even where hardly anything fits."""
LONGEST_TERMINATION = 4000
"""Bytes: Kubernetes keeps 4,096 of a termination message."""


class StoppedError(Exception):
    """The agent was told to stop before its task began."""


class Stop:
    """What SIGTERM and SIGINT do: before the task begins they raise `StoppedError`, then they go to its group."""

    def __init__(self, kill_after_s: float, child: int = 0, *, is_preparing: bool = True) -> None:
        self.kill_after_s = kill_after_s
        self.child = child
        self.is_preparing = is_preparing
        """Whether `StoppedError` is raised: as long as nothing was started that has to be stopped."""
        self.told = False
        """Whether the task was told to stop while it ran."""
        self.kill_at: float | None = None

    def __call__(self, number: int, _frame: object) -> None:
        """The signal handler."""
        if self.child:
            self.tell_child()
        elif self.is_preparing:
            raise StoppedError(signal.Signals(number).name)
        else:
            self.told = True  # in the midst of the start: `task_begins` hands it on

    def task_begins(self, child: int) -> None:
        """CHILD runs; what was told meanwhile is told to it."""
        self.child = child
        if self.told:
            self.told = False
            self.tell_child()

    def tell_child(self) -> None:
        """SIGTERM now, SIGKILL when that was not enough; nothing when the task has just ended by itself."""
        if processes.signal_group(self.child, signal.SIGTERM):
            self.told = True
            if self.kill_at is None:  # told twice is not more time
                self.kill_at = time.monotonic() + self.kill_after_s

    def listen(self) -> Callable[[], None]:
        """Handle both signals from now on; what puts the handlers back that were there."""
        before = {number: signal.signal(number, self) for number in (signal.SIGTERM, signal.SIGINT)}

        def restore() -> None:
            for number, handler in before.items():
                signal.signal(number, handler)

        return restore


class Attempt:
    """What the agent holds while a task runs."""

    def __init__(
        self,
        task: TaskInput,
        client: TaskClient | DeskClient,
        output: Output,
        work_dir: Path,
        environment: dict[str, str],
        stop: Stop | None = None,
    ) -> None:
        self.task = task
        self.client = client
        self.output = output
        self.work_dir = work_dir
        self.environment = environment
        self.stop = stop or Stop(KILL_AFTER_S)
        self.account = Account()
        self.timed_out = False
        self.result_is_last_line = False

    @property
    def terminated(self) -> bool:
        """Whether the task was told to stop from outside."""
        return self.stop.told and not self.timed_out


def run(
    launch_id: str,
    environment: Mapping[str, str],
    *,
    claimant: str,
    work_dir: Path,
    execute_python: Callable[[Attempt], int],
    kill_after_s: float = KILL_AFTER_S,
    client: TaskClient | DeskClient | None = None,
) -> int:
    """Run the launch to its end; the exit code for the container.

    EXECUTE_PYTHON starts a child process that runs the task through the shim and gives back its pid; it differs between
    a container (a fork of this process) and the local backend's zygote, which has imported the shim already. CLIENT is
    the task API's unless given.
    """
    client = client or TaskClient.from_environment(launch_id, environment)
    stop = Stop(kill_after_s)
    restore = stop.listen()
    try:
        task = client.claim(claimant)
        stop.is_preparing = False
    except RefusedError as refusal:
        if refusal.status in {409, 410}:
            return EXIT_NOT_CLAIMED
        return _not_begun(work_dir, "Refused", f"the server refused this launch: {refusal}", 1)
    except ServerAwayError as problem:
        return _not_begun(work_dir, "NoServer", str(problem), EXIT_NO_SERVER, not_begun=True)
    except StoppedError as signalled:
        return _not_begun(work_dir, "Terminated", f"the task was told to stop before it began ({signalled})", 1)
    finally:
        if stop.is_preparing:
            restore()
    try:
        return _run_claimed(task, client, stop, work_dir, environment, execute_python)
    finally:
        restore()


def _run_claimed(
    task: TaskInput,
    client: TaskClient | DeskClient,
    stop: Stop,
    work_dir: Path,
    environment: Mapping[str, str],
    execute_python: Callable[[Attempt], int],
) -> int:
    work_dir.mkdir(parents=True, exist_ok=True)
    processes.adopt_orphans()
    output = Output(work_dir / "output.jsonl", client)
    given = {**environment, **task["environment"]}
    given.setdefault("AIRFLOW_HOME", str(work_dir / "airflow"))  # Airflow always sets it, and commands rely on it
    attempt = Attempt(task, client, output, work_dir, given, stop)
    try:
        outcome = _run_task(attempt, execute_python)
    except Exception as problem:  # the runner's own failure is the attempt's, told in words
        output.say(f"the runner failed: {type(problem).__name__}: {problem}")
        outcome = {"state": "failed", "reason": "Runner", "message": f"{type(problem).__name__}: {problem}"}
    kill_at = attempt.stop.kill_at
    processes.end_all_children(None if kill_at is None else min(kill_at, time.monotonic() + GOODBYE_S))
    outcome["usage"] = attempt.account.told(in_container=TERMINATION_LOG.exists())
    return _tell(attempt, outcome)


def _not_begun(work_dir: Path, reason: str, message: str, code: int, **more: Any) -> int:
    """Leave word of an end without a beginning: for people, for the kubelet, and for the local backend."""
    print(f"goflow-runner: {message}", file=sys.stderr)
    outcome = cast(OutcomeInfo, {"state": "failed", "reason": reason, "message": message, **more})
    _leave_word(outcome)
    with contextlib.suppress(OSError):
        work_dir.mkdir(parents=True, exist_ok=True)
        _write_atomically(work_dir / "finish.json", {"outcome": outcome})
    return code


def _run_task(attempt: Attempt, execute_python: Callable[[Attempt], int]) -> OutcomeInfo:
    if attempt.stop.told:
        return {"state": "failed", "reason": "Terminated", "message": "the task was told to stop before it began"}
    if attempt.task.get("airflow") is not None:
        from goflow_runner import airflow_task  # with a server of its own, which no other task needs

        return airflow_task.run(attempt, _wait, TIMEOUT_MARGIN_S)
    plain = None if attempt.task.get("render_only") else command.plain_command(attempt.task)
    if plain is not None:
        child = command.start(plain, attempt.task, attempt.environment, attempt.output.fd, attempt.work_dir)
        attempt.stop.task_begins(child)
        return command.outcome(plain, _wait(attempt, 0.0), attempt)  # nothing inside a command watches the clock
    attempt.stop.task_begins(execute_python(attempt))
    code = _wait(attempt, TIMEOUT_MARGIN_S)
    told = attempt.work_dir / "outcome.json"
    if told.exists():
        outcome = cast(OutcomeInfo, json.loads(told.read_text(encoding="utf-8")))
        ended = outcome.get("exit_code", code)
        outcome["exit_code"] = 128 - ended if ended is not None and ended < 0 else ended  # as shells count signals
        if attempt.timed_out and outcome["state"] == "failed":
            called_back = outcome.get("called_back", False)
            return {**command.died(code, attempt), "called_back": called_back}  # its word is about our SIGTERM, not why
        if attempt.terminated and outcome["state"] != "success":
            outcome["reason"] = "Terminated"
        return outcome
    return command.died(code, attempt)


def _wait(attempt: Attempt, margin_s: float) -> int:
    """The child's exit code (negative: the signal that ended it), after SIGKILL where SIGTERM was not enough.

    Its execution_timeout is enforced MARGIN_S seconds late, and what it writes is read meanwhile.
    """
    limit = attempt.task["task"].get("execution_timeout")
    deadline = time.monotonic() + limit + margin_s if limit else None
    stop = attempt.stop
    with processes.Watch(stop.child) as watch:
        while True:
            moments = (deadline, stop.kill_at, attempt.output.due(), attempt.account.due)
            until = min((moment for moment in moments if moment is not None), default=None)
            code = watch.pause(until, attempt.output)
            if code is not None:
                return code
            attempt.output.send()
            now = time.monotonic()
            if now >= attempt.account.due:
                attempt.account.look()
            if stop.kill_at is not None and now >= stop.kill_at:
                attempt.output.say("the task did not stop: it is killed")
                processes.signal_group(stop.child, signal.SIGKILL)
                stop.kill_at = now + 5
            if deadline is not None and now >= deadline:
                deadline = None
                attempt.output.say(f"Process timed out: execution_timeout of {limit} s is over, it is told to stop")
                attempt.timed_out = not stop.told
                stop.tell_child()


def _tell(attempt: Attempt, outcome: OutcomeInfo) -> int:
    """Tell the end: to the termination message first, since that needs no server, then to the server."""
    attempt.output.drain()
    finish: Finish = {}
    if attempt.result_is_last_line:
        result, largest = attempt.output.last_line, attempt.task["results"]["largest"]
        if result is None or len(json.dumps(result)) > largest:
            words = f"its last line is longer than GoFlow's setting result_largest_bytes allows ({largest})"
            attempt.output.say(f"the result is not kept: {words}")
            outcome |= {"state": "failed", "reason": "ResultTooLong", "message": words}
        else:
            finish["xcoms"] = [{"key": "return_value", "value": result.rstrip(), "length": None}]
    finish["outcome"] = outcome
    with contextlib.suppress(OSError):  # a disk that is full must not keep the server from hearing it
        _write_atomically(attempt.work_dir / "finish.json", finish)
    word = {key: value for key, value in outcome.items() if key != "deferral"}  # it may hold secrets
    _leave_word({**word, **{key: value for key, value in finish.items() if key == "xcoms"}})
    finish["lines"] = attempt.output.ship(0.0 if attempt.stop.told else BUSY_S)
    try:
        attempt.client.finish(finish)
    except RefusedError as refusal:
        if refusal.status != 409:  # 409: the end was decided elsewhere meanwhile
            print(f"goflow-runner: the server refused the end: {refusal}", file=sys.stderr)
            return EXIT_NO_SERVER
    except ServerAwayError as problem:
        print(f"goflow-runner: the end could not be told: {problem}", file=sys.stderr)
        return EXIT_NO_SERVER
    if outcome["state"] in {"success", "skipped", "up_for_reschedule", "deferred"}:
        return 0
    code = outcome.get("exit_code")
    return code if isinstance(code, int) and 0 < code < 126 and code not in RUNNER_CODES else 1


def _leave_word(word: Mapping[str, Any]) -> None:
    """Leave WORD in the container's termination message: without its results when it is too long, then without events
    of assets and use, and with a shorter message. ``cut`` names what is not there of what the end means."""
    if not TERMINATION_LOG.exists():
        return
    shorter = dict(word)
    for cut in ("", "xcoms", "asset_events", "usage", "message"):
        if cut == "message":
            shorter["message"] = str(shorter.get("message", ""))[:300]
        else:
            shorter.pop(cut, None)
        text = json.dumps(_with_cut(shorter, word))
        if len(text) <= LONGEST_TERMINATION:
            break
    else:
        least = {key: word[key] for key in word if key in _SHORTEST}
        text = json.dumps(_with_cut(least, word))
    with contextlib.suppress(OSError):
        TERMINATION_LOG.write_text(text, encoding="utf-8")


def _with_cut(shorter: Mapping[str, Any], word: Mapping[str, Any]) -> dict[str, Any]:
    """SHORTER, and what it has lost of WORD that others act upon."""
    cut = sorted(key for key in MEANT & word.keys() - shorter.keys() if word[key])
    return {**shorter, **({"cut": cut} if cut else {})}


def _write_atomically(path: Path, value: object) -> None:
    staging = path.with_suffix(".new")
    staging.write_text(json.dumps(value), encoding="utf-8")
    staging.replace(path)
