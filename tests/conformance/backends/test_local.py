"""The local backend, held to what every backend must do, and what it does beyond."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from goflow_runner.desk import SOCKET

from goflow.domain.state import TaskState
from goflow.executor.backend import Observation, Phase
from goflow.executor.local import LocalBackend
from goflow.executor.tokens import TokenMint
from goflow.home import write_private
from goflow.server.attempts import MintGuard
from goflow.settings import Settings
from tests.conformance.backends.cases import BackendCases
from tests.conformance.backends.stage import KEY, Stage, staged


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The local backend in a home of its own."""
    home = tmp_path_factory.mktemp("local")
    settings = Settings(home=home, dags_folder=home / "dags", backend="local", task_api_port=0)
    root = home / "local"

    def make(_: Settings) -> LocalBackend:
        return LocalBackend(root, f"file:{root / 'task-api'}", desk=root / SOCKET)

    root.mkdir()
    with staged(settings, "127.0.0.1", make, MintGuard(TokenMint(KEY))) as made:
        write_private(root / "task-api", made.api.url)
        yield made


class TestLocalBackend(BackendCases):
    """All cases."""


def agent_of(stage: Stage, launch_id: str) -> int:
    """The pid of a launch's agent."""
    (seen,) = [seen for seen in stage.backend.present() if seen.launch_id == launch_id]
    assert seen.claimant is not None
    return int(seen.claimant.partition(":")[0])


def test_an_agent_that_is_killed_is_lost_and_said_so_and_its_task_with_it(stage: Stage) -> None:
    started = stage.run("{knock}", "{wait}", "{knock}")
    stage.door.wait_for(started.name)
    stage.first(started, lambda seen: seen.phase is Phase.RUNNING)
    os.kill(agent_of(stage, started.id), signal.SIGKILL)
    outcome = stage.ended(started).outcome
    assert outcome is not None
    assert (outcome.state, outcome.reason) == (TaskState.FAILED, "Lost")
    assert stage.phase(started) is Phase.ENDED
    stage.door.gate(started.name).set()
    stage.ended(stage.run("true"))
    assert stage.door.knocks[started.name] == 1, "its task went on"


def test_tasks_outlive_a_daemon_that_is_killed_with_its_zygote(stage: Stage) -> None:
    started = stage.run("{knock}", "{wait}")
    stage.door.wait_for(started.name)
    zygote = stage.backend._zygote  # type: ignore[attr-defined]
    zygote.kill()
    zygote.wait()
    after = stage.run("{knock}")
    stage.ended(after)
    stage.door.gate(started.name).set()
    outcome = stage.ended(started).outcome
    assert outcome is not None
    assert outcome.state is TaskState.SUCCESS


def test_what_was_stopped_before_it_began_does_not_begin(stage: Stage) -> None:
    started = stage.plan("{knock}")
    (stage.settings.home / "local" / "launches" / started.id).mkdir(parents=True)
    stage.backend.terminate(started.handle, 5)
    stage.launch(started)
    outcome = stage.ended(started).outcome
    assert outcome is not None
    assert outcome.reason == "Terminated"
    assert stage.door.knocks[started.name] == 0


def test_who_is_told_may_fail_to_take_it_and_is_told_again(stage: Stage) -> None:
    told: list[Phase] = []
    over = threading.Event()

    def moody(seen: Observation) -> None:
        if seen.launch_id == started.id:
            told.append(seen.phase)
            if len(told) == 1:
                raise RuntimeError("the store is away")
            if seen.phase is Phase.ENDED:
                over.set()

    started = stage.run("true")
    stage.ended(started)
    other = stage.another()
    other.start(moody)
    try:
        assert over.wait(20)
    finally:
        other.stop()
    assert told == [Phase.ENDED, Phase.ENDED]


@pytest.mark.parametrize("left", ["", "{", "[]", '{"outcome": {"state": "queued"}}'])
def test_an_answer_that_cannot_be_read_is_an_end_all_the_same(stage: Stage, left: str) -> None:
    started = stage.plan("true")
    folder = stage.settings.home / "local" / "launches" / started.id
    folder.mkdir(parents=True)
    (folder / "finish.json").write_text(left)
    (folder / "process").write_text("999999999:1")
    outcome = stage.ended(started).outcome
    assert outcome is not None
    assert (outcome.state, outcome.reason) == (TaskState.FAILED, "Lost")
    assert "cannot be read" in outcome.message


def test_one_that_has_not_started_says_so(tmp_path: Path) -> None:
    assert "has not started" in str(LocalBackend(tmp_path, "http://127.0.0.1:1").ready())
