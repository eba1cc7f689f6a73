"""The cases. A module that binds the fixture ``stage`` to a backend and derives from `BackendCases` runs them all."""

from __future__ import annotations

import dataclasses
import threading

import pytest

from goflow.domain.state import TaskState
from goflow.executor.backend import Handle, LaunchRefusedError, Phase
from tests.conformance.backends.stage import Stage

ENDS = {
    "a command that succeeds": ("true", TaskState.SUCCESS, 0),
    "a command that fails": ("exit 3", TaskState.FAILED, 3),
    "exit code 99, which means skip": ("exit 99", TaskState.SKIPPED, None),
    "a command that is not there": ("no-such-command", TaskState.FAILED, 127),
    "a command that a signal ends": ("kill -9 $$", TaskState.FAILED, None),
}


class BackendCases:
    """What is asked of a backend."""

    @pytest.mark.parametrize(("line", "state", "code"), ENDS.values(), ids=ENDS)
    def test_the_end_is_told_as_it_is(self, stage: Stage, line: str, state: TaskState, code: int | None) -> None:
        started = stage.run("{knock}", line)
        outcome = stage.ended(started).outcome
        assert outcome is not None
        assert outcome.state is state
        assert code in {outcome.exit_code, None}
        assert stage.door.knocks[started.name] == 1

    def test_what_happens_is_told_in_order(self, stage: Stage) -> None:
        started = stage.run("{knock}", "{wait}")
        stage.door.wait_for(started.name)
        running = stage.first(started, lambda seen: seen.phase is Phase.RUNNING)
        stage.door.gate(started.name).set()
        end = stage.ended(started)
        order = [Phase.PENDING, Phase.RUNNING, Phase.ENDED]
        told = [order.index(phase) for phase in stage.told(started)]
        assert told == sorted(told)
        assert running.claimant == end.claimant
        assert running.outcome is None

    @pytest.mark.parametrize("line", ["exit 3", "no-such-command", "kill -9 $$"])
    def test_a_failure_is_told_in_words(self, stage: Stage, line: str) -> None:
        outcome = stage.ended(stage.run(line)).outcome
        assert outcome is not None
        assert outcome.reason
        assert "exit code" in outcome.message or "signal" in outcome.message.lower(), outcome.message

    def test_what_a_task_writes_is_kept(self, stage: Stage) -> None:
        started = stage.run(
            "echo to standard output", "echo 'to standard error: \N{SNOWMAN}' >&2", "printf 'no newline'"
        )
        stage.ended(started)
        lines = stage.log(started).splitlines()
        assert [line for line in lines if line.startswith(("to ", "no "))] == [
            "to standard output",
            "to standard error: \N{SNOWMAN}",
            "no newline",
        ]

    def test_what_is_there_is_what_was_launched(self, stage: Stage) -> None:
        planned, waiting = stage.plan("true"), stage.run("{knock}", "{wait}")
        over = stage.run("true")
        stage.door.wait_for(waiting.name)
        stage.ended(over)
        assert stage.phase(planned) is Phase.GONE
        assert stage.phase(waiting) is Phase.RUNNING
        assert stage.phase(over) is Phase.ENDED
        stage.door.gate(waiting.name).set()
        stage.ended(waiting)
        assert stage.phase(waiting) is Phase.ENDED

    def test_a_launch_asked_for_twice_is_one_start(self, stage: Stage) -> None:
        started = stage.run("{knock}", "{wait}")
        stage.backend.launch(started.plan, stage.token(started))
        stage.door.wait_for(started.name)
        stage.backend.launch(started.plan, stage.token(started))
        stage.door.gate(started.name).set()
        stage.ended(started)
        stage.backend.launch(started.plan, stage.token(started))  # it is over already, and stays so
        stage.ended(stage.run("true"))  # whatever was started by mistake has had its time
        assert stage.door.knocks[started.name] == 1

    def test_a_launch_that_two_daemons_ask_for_at_once_is_one_start(self, stage: Stage) -> None:
        started, other = stage.plan("{knock}"), stage.another()
        together = threading.Barrier(2)

        def ask(backend: object) -> None:
            together.wait(10)
            backend.launch(started.plan, stage.token(started))  # type: ignore[attr-defined]

        askers = [threading.Thread(target=ask, args=(backend,)) for backend in (stage.backend, other)]
        for asker in askers:
            asker.start()
        for asker in askers:
            asker.join()
        stage.ended(started)
        stage.ended(stage.run("true"))
        assert stage.door.knocks[started.name] == 1

    def test_many_at_once_all_end(self, stage: Stage) -> None:
        many = [stage.run("{knock}") for _ in range(20)]
        assert {stage.ended(started).outcome.state for started in many} == {TaskState.SUCCESS}  # type: ignore[union-attr]
        assert all(stage.door.knocks[started.name] == 1 for started in many)

    def test_a_launch_that_is_stopped_is_told_by_a_signal(self, stage: Stage) -> None:
        # Blocked and waited for: a handler that runs right before the program pauses would leave it waiting for ever.
        program = (
            "import signal as s, sys, urllib.request as r; address, name = sys.argv[1:]; "
            "s.pthread_sigmask(s.SIG_BLOCK, [s.SIGTERM]); r.urlopen(address + '/knock/' + name); "
            "s.sigwait([s.SIGTERM]); r.urlopen(address + '/knock/' + name + '-goodbye')"
        )
        started = stage.plan(f'exec python3 -c "{program}" {stage.door.address} {{name}}')
        stage.launch(started)
        stage.door.wait_for(started.name)
        stage.backend.terminate(started.handle, 20)
        stage.door.wait_for(f"{started.name}-goodbye")
        stage.until(started, Phase.ENDED, Phase.GONE)

    def test_a_launch_that_does_not_listen_is_killed_when_its_grace_is_over(self, stage: Stage) -> None:
        """Its time until then it has: it still knocks after it was told."""
        goodbye = "urllib.request.urlopen(address + '/knock/' + name + '-told')"
        program = (
            "import signal, sys, urllib.request; address, name = sys.argv[1:]; "
            f"signal.signal(15, lambda *_: {goodbye}); urllib.request.urlopen(address + '/knock/' + name)\n"
            "while True: signal.pause()"
        )
        started = stage.plan(f"exec python3 -c $'{_quoted(program)}' {stage.door.address} {{name}}", "{knock}")
        stage.launch(started)
        stage.door.wait_for(started.name)
        stage.backend.terminate(started.handle, 3)
        stage.door.wait_for(f"{started.name}-told")
        stage.until(started, Phase.ENDED, Phase.GONE)
        end = stage.first(started, lambda seen: seen.final and seen.phase in {Phase.ENDED, Phase.GONE})
        assert end.reason or (end.outcome is not None and end.outcome.message)
        assert end.outcome is None or end.outcome.state is TaskState.FAILED

    def test_a_stop_without_grace_leaves_nothing_behind(self, stage: Stage) -> None:
        started = stage.run("trap '' TERM", "({wait}; {knock}) &", "{knock}", "{wait}")
        stage.door.wait_for(started.name)
        stage.backend.terminate(started.handle, 0)
        stage.until(started, Phase.ENDED, Phase.GONE)
        stage.door.gate(started.name).set()
        stage.ended(stage.run("true"))
        assert stage.door.knocks[started.name] == 1, "its grandchild went on"

    def test_stopping_what_is_not_there_is_harmless(self, stage: Stage) -> None:
        stage.backend.terminate(stage.plan("true").handle, 5)
        over = stage.run("true")
        before = stage.ended(over).outcome
        stage.backend.terminate(over.handle, 5)
        assert before is not None
        assert before.state is TaskState.SUCCESS
        nowhere = Handle(launch_id="0" * 26, job_name="no-such-job", namespace=over.plan.namespace)
        stage.backend.terminate(nowhere, 5)
        stage.backend.cleanup(nowhere)

    def test_what_is_cleaned_is_gone_and_may_be_cleaned_again(self, stage: Stage) -> None:
        started = stage.run("true")
        stage.ended(started)
        stage.backend.cleanup(started.handle)
        stage.backend.cleanup(started.handle)
        stage.until(started, Phase.GONE)
        stage.backend.cleanup(started.handle)

    def test_a_daemon_that_comes_back_finds_what_goes_on_and_what_has_ended(self, stage: Stage) -> None:
        goes_on, ends = stage.run("{knock}", "{wait}"), stage.run("{knock}", "{wait}", "exit 5")
        stage.door.wait_for(goes_on.name)
        stage.door.wait_for(ends.name)
        with stage.away():
            stage.door.gate(ends.name).set()
            stage.until(ends, Phase.ENDED)
        outcome = stage.ended(ends).outcome
        assert outcome is not None
        assert (outcome.state, outcome.exit_code) == (TaskState.FAILED, 5)
        assert stage.phase(goes_on) is Phase.RUNNING
        stage.door.gate(goes_on.name).set()
        outcome = stage.ended(goes_on).outcome
        assert outcome is not None
        assert outcome.state is TaskState.SUCCESS
        assert stage.door.knocks[goes_on.name] == 1

    def test_what_is_not_ours_is_not_taken_for_ours(self, stage: Stage) -> None:
        one, other = stage.run("{knock}"), stage.plan("{knock}")
        stage.ended(one)
        taken = dataclasses.replace(other.plan, job_name=one.plan.job_name)
        if stage.backend.name == "kubernetes":
            with pytest.raises(LaunchRefusedError, match=one.plan.job_name):
                stage.backend.launch(taken, stage.token(other))
            assert stage.door.knocks[other.name] == 0
        else:  # here launches have no name but their id, so there is nothing to be taken
            stage.backend.launch(taken, stage.token(other))
            stage.ended(other)
            assert stage.door.knocks[other.name] == 1

    def test_it_says_that_it_is_ready(self, stage: Stage) -> None:
        assert stage.backend.ready() is None


def _quoted(program: str) -> str:
    """PROGRAM for between $' and ' of bash."""
    return program.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n")
