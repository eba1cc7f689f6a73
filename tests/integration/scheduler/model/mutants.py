"""Whether the model's test can fail: the scheduler is made wrong in one place after the other, and each has to be caught.

``python -m tests.integration.scheduler.model.mutants [NAME ...]`` works on copies in a temporary folder. It says of each
mutant whether it was caught, and ends with 1 if one was not. GOFLOW_MODEL_EXAMPLES: how many examples each gets.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[4]
TEST = "tests/integration/scheduler/test_against_model.py"


@dataclass(frozen=True)
class Mutant:
    """In the file at PATH, OLD becomes NEW."""

    path: str
    old: str
    new: str

    def text(self, root: Path = ROOT) -> str:
        """The file as it is wrong. Raises ValueError where OLD does not stand in it once."""
        text = (root / self.path).read_text()
        if text.count(self.old) != 1:
            raise ValueError(f"{self.path} has {self.old!r} {text.count(self.old)} times")
        return text.replace(self.old, self.new)


_PLANNING, _BATCH = "goflow/scheduler/planning.py", "goflow/scheduler/batch.py"
_TASKS = "goflow/store/transitions/tasks.py"
MUTANTS = {
    "a branch is not heeded": Mutant(_PLANNING, "elif skipped_by_branch(book, cell):", "elif False:"),
    "a rule is another": Mutant(
        "goflow/scheduler/rules.py",
        "def _all_success(c: Counts, map_index: int) -> Verdict:\n    if c.upstream_failed or c.failed:",
        "def _all_success(c: Counts, map_index: int) -> Verdict:\n    if c.failed:",
    ),
    "who waits is not looked at": Mutant(
        "goflow/scheduler/book.py", "            self._mark_watchers(cell)\n", "            pass\n"
    ),
    "a run that was paused is not looked at": Mutant(
        "goflow/scheduler/shelf.py",
        "            self.heat(book)  # what has ended",
        "            pass  # what has ended",
    ),
    "the lightest goes first": Mutant(
        "goflow/scheduler/limits.py", "return -cell.weight, (run.logical", "return cell.weight, (run.logical"
    ),
    "a limit in a run is not held": Mutant(
        "goflow/scheduler/limits.py", "if task.max_active_tis_per_dagrun is not None:", "if False:"
    ),
    "what is cleared does not wait for its container": Mutant(
        _TASKS,
        "new = _S.RESTARTING if stopping or state in {_S.QUEUED, _S.RUNNING} else _S.NONE",
        "new = _S.RESTARTING if state in {_S.RUNNING} else _S.NONE",
    ),
    "a failure is forgotten with the scheduler": Mutant(
        "goflow/scheduler/loop.py", "if book.graph.spec.fail_fast:", "if False:"
    ),
    "the past does not matter": Mutant(
        _PLANNING,
        "if on_past and not facts.past_met(book, task_id):",
        "if False and not facts.past_met(book, task_id):",
    ),
    "the end of a run's time fails its tasks": Mutant(
        _BATCH, 'TaskState.SKIPPED, "the run timed out"', 'TaskState.FAILED, "the run timed out"'
    ),
    "a run that is stuck stays": Mutant(
        _PLANNING, "stuck = book.unfinished == book.idle and not held", "stuck = False"
    ),
    "a try too few": Mutant(
        "goflow/domain/outcomes.py",
        "instance.try_number <= instance.max_tries",
        "instance.try_number < instance.max_tries",
    ),
    "an attempt is begun anew after a restart": Mutant(
        "goflow/scheduler/shelf.py",
        "cell.resumes = attempt is not None and attempt.end_date is None",
        "cell.resumes = False",
    ),
    "a timer is forgotten": Mutant(
        "goflow/scheduler/shelf.py", "elif cell.state in WAITING_STATES and cell.next_at is not None:", "elif False:"
    ),
    "a copy comes back beside its old container": Mutant(
        _BATCH, "new = TaskState.RESTARTING if cell.id in running else TaskState.NONE", "new = TaskState.NONE"
    ),
}


def caught(mutant: Mutant, folder: Path) -> bool:
    """Whether the test fails, in FOLDER, over what is wrong."""
    (folder / mutant.path).write_text(mutant.text())
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-o", "timeout=0", TEST]
    environment = {"GOFLOW_MODEL_EXAMPLES": "300", **os.environ, "GOFLOW_MODEL_SHRINK": "0"}
    ended = subprocess.run(
        [*command, "-k", "model_does"], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    if ended.returncode not in {0, 1}:
        raise RuntimeError(ended.stdout + ended.stderr)
    shutil.copy(ROOT / mutant.path, folder / mutant.path)
    return ended.returncode == 1


def main() -> int:
    names = sys.argv[1:] or list(MUTANTS)
    left = []
    with tempfile.TemporaryDirectory(prefix="goflow-mutants-") as text:
        folder = Path(text)
        for part in ("goflow", "tests", "pyproject.toml"):
            copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
            copy(ROOT / part, folder / part)
        for name in names:
            begun = time.monotonic()
            good = caught(MUTANTS[name], folder)
            print(f"{'caught' if good else 'NOT CAUGHT'}: {name} ({time.monotonic() - begun:.0f} s)", flush=True)
            left += [] if good else [name]
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
