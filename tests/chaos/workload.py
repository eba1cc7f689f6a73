"""The runs: so many are kept open, whatever happens to the daemon meanwhile."""

from __future__ import annotations

import contextlib
import json
import threading
import time
import urllib.error

import sqlalchemy as sa

from tests.chaos import record
from tests.chaos.stage import Stage

ORDINARY = ("chain", "fan", "mapped", "retried", "waiting")
PATIENCE_S = 120.0


class Workload:
    """Triggers runs on STAGE by the daemon's REST and remembers what it said yes to."""

    def __init__(self, stage: Stage, at_once: int) -> None:
        self.stage = stage
        self.at_once = at_once
        self.triggered: list[tuple[str, str]] = []
        self._lock = threading.Lock()
        self._numbers = 0
        self._thread = threading.Thread(target=self._keep, name="workload", daemon=True)
        self._stopping = threading.Event()

    def start(self) -> None:
        """Keep runs open from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Begin no more."""
        self._stopping.set()
        self._thread.join()

    def trigger(self, dag: str) -> str:
        """Begin a run of DAG, asking again until the daemon has answered; its id."""
        with self._lock:
            self._numbers += 1
            run = f"r{self._numbers}"
        body = {"dag_run_id": run, "logical_date": None}
        until = time.monotonic() + PATIENCE_S
        while True:
            try:
                self.stage.daemons.call("POST", f"/api/v2/dags/{dag}/dagRuns", body)
            except urllib.error.HTTPError as answer:
                if answer.code == 409:  # it was made, and the answer was lost with the daemon
                    break
                if answer.code != 404 and answer.code < 500:
                    raise AssertionError(f"{dag} cannot be triggered: {answer.read().decode()}") from answer
            except (OSError, ValueError, json.JSONDecodeError):
                pass
            else:
                break
            if time.monotonic() > until:
                raise AssertionError(f"{dag} could not be triggered within {PATIENCE_S:.0f} s")
            time.sleep(0.2)
        with self._lock:
            self.triggered.append((dag, run))
        return run

    def _keep(self) -> None:
        turn = 0
        while not self._stopping.wait(0.5):
            with contextlib.suppress(sa.exc.SQLAlchemyError):
                if record.open_runs(self.stage.daemons.engine) < self.at_once:
                    self.trigger(ORDINARY[turn % len(ORDINARY)])
                    turn += 1
