"""The local backend, held to what every backend must do, and what it does beyond."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from goflow.domain.state import TaskState
from goflow.executor.backend import Phase
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
        return LocalBackend(root, f"file:{root / 'task-api'}")

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


def test_an_agent_that_is_killed_is_lost_and_said_so(stage: Stage) -> None:
    started = stage.run("{knock}", "{wait}")
    stage.door.wait_for(started.name)
    os.kill(agent_of(stage, started.id), signal.SIGKILL)
    outcome = stage.ended(started).outcome
    assert outcome is not None
    assert (outcome.state, outcome.reason) == (TaskState.FAILED, "Lost")
    assert stage.phase(started) is Phase.ENDED


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
