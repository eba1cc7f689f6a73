"""Changed real files, read by the real reader: each ends within its budget and without an internal error.

A change that Python still runs is held against a run of the file as well (the sandbox and the shim's account of it):
what evaluating claims must be what is there.
"""

from __future__ import annotations

import collections
import contextlib
import random
import sysconfig
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from goflow.domain.diagnostics import Severity
from goflow.domain.spec import Dialect, Inputs
from goflow.importer.messages import Setup
from goflow.importer.pool import ReaderPool
from goflow.importer.settings import ImportSettings
from goflow.parser.api import Folder, ParseResult
from goflow.parser.reading import evaluate_file
from goflow.parser.sandbox import read_in_sandbox
from tests.corpus.accounts import Accounts
from tests.corpus.differing import differences
from tests.fuzz.mutations import mutated
from tests.fuzz.shrinking import shrunk

ROOT = Path(__file__).parents[2]
CACHES = Path("~/.cache/goflow-tests").expanduser()
MOST_SECONDS = 150.0
LARGEST = 60_000
RUN_EVERY = 2
NOT_RUN = frozenset({"providers_constants.py", "providers_fields.py"})
"""Files that the shim cannot run (`tests/corpus/test_sandbox.py`)."""
_OF_PYTHON = ("NameError", "UnboundLocalError", "ZeroDivisionError", "IndexError", "KeyError")
"""What Python raises and no lack of the shim does."""


@dataclass(frozen=True)
class Case:
    """A changed file: NAME says of what and by which seed. MAY_RUN: what it was made of runs here, and harms nobody."""

    name: str
    content: bytes
    root: Path
    may_run: bool = False


def own_files() -> list[Path]:
    """The DAG files of this repository, the same everywhere."""
    return sorted([*(ROOT / "tests/corpus/files").rglob("*.py"), *(ROOT / "dags").rglob("*.py")])


def all_files() -> list[Path]:
    """Those, the example DAGs and system tests of the caches as far as they are there, and Python's own library."""
    folders = [*CACHES.glob("airflow-*/lib/python3*/site-packages/airflow/example_dags")]
    folders += [*CACHES.glob("airflow-*/lib/python3*/site-packages/airflow/providers/standard/example_dags")]
    folders += [CACHES / "corpus"]
    found = [path for folder in folders for path in folder.rglob("*.py")]
    library = list(Path(sysconfig.get_paths()["stdlib"]).glob("*.py"))
    small = (path for path in sorted([*found, *library]) if 200 < path.stat().st_size < LARGEST)
    return own_files() + list(small)


def cases(files: Sequence[Path], seeds: Sequence[int]) -> Iterator[Case]:
    """A changed file for each of SEEDS."""
    for seed in seeds:
        chance = random.Random(f"files {seed}")
        path, other = chance.choice(files), chance.choice(files)
        content = mutated(seed, path.read_bytes(), other.read_bytes())
        own = all(file.is_relative_to(ROOT / "tests") or file.is_relative_to(ROOT / "dags") for file in (path, other))
        may_run = own and seed % RUN_EVERY == 0 and path.name not in NOT_RUN and other.name not in NOT_RUN
        yield Case(f"{path.name}, seed {seed}", content, path.parent, may_run)


class Reader:
    """A reading process as the daemon has it, and a folder for the file that is read."""

    def __init__(self, root: Path) -> None:
        self.root = root
        settings = ImportSettings(root=root, processes=1, safe_mode=False, parse_timeout_s=MOST_SECONDS)
        self.pool = ReaderPool(settings)
        self.codes: collections.Counter[str] = collections.Counter()

    def faults(self, case: Case) -> list[str]:
        """What must not be: an internal error, a process that died, a reading that does not end."""
        (self.root / "case.py").write_bytes(case.content)
        setup = Setup(
            root=self.root,
            import_roots=(case.root,),
            parse_path=str(self.root),
            dialect=Dialect.AIRFLOW3,
            safe_mode=False,
            environment={},
            inputs=Inputs(),
            runs_files=False,
        )
        [found] = self.pool.read(setup, ["case.py"])
        self.codes.update({problem.code for problem in found.diagnostics})
        faults = [f"{p.code} {p.message} {p.hint}" for p in found.diagnostics if p.code == "GF009"]
        faults += ["the reading process died"] if found.crashed else []
        return faults + (["it does not end"] if found.seconds > MOST_SECONDS else [])


@contextlib.contextmanager
def reader() -> Iterator[Reader]:
    """One, ended afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        made = Reader(Path(folder))
        try:
            yield made
        finally:
            made.pool.close()


class Ran:
    """Holds what evaluating a file gives against what running it gives."""

    def __init__(self) -> None:
        self.accounts = Accounts()
        self.compared = 0

    def faults(self, case: Case) -> list[str]:
        """What evaluating claims and the run does not bear out. Empty where either of them leaves it open."""
        with tempfile.TemporaryDirectory() as name:
            root = Path(name)
            (root / "case.py").write_bytes(case.content)
            folder = Folder(root, import_roots=(case.root,), parse_path=name, dialect=Dialect.AIRFLOW3)
            evaluated = evaluate_file(folder, "case.py", case.content, Inputs(), "default")
            if _leaves_open(evaluated):
                return []
            ran = evaluate_file(folder, "case.py", case.content, Inputs(), "default", self._run)
            self.compared += 1
            return list(_against(evaluated, ran))

    def _run(self, session: Any, folder: Folder, inputs: Inputs) -> ParseResult:
        return read_in_sandbox(session, folder, inputs, self.accounts)


def _leaves_open(result: ParseResult) -> bool:
    return any(problem.severity in {Severity.ERROR, Severity.WARNING} for problem in result.diagnostics)


def _against(evaluated: ParseResult, ran: ParseResult) -> Iterator[str]:
    wrong = [problem for problem in ran.diagnostics if problem.severity is Severity.ERROR]
    if wrong:
        plain = [problem for problem in wrong if problem.message.startswith(_OF_PYTHON)]
        yield from (f"run, it raises {problem.message}" for problem in plain)
        return
    theirs = {dag.dag_id: dag.to_json() for dag in ran.dags}
    ours = {dag.dag_id: dag.to_json() for dag in evaluated.dags}
    if ours.keys() != theirs.keys():
        yield f"DAGs {list(ours)}, and run {list(theirs)}"
    for dag_id in ours.keys() & theirs.keys():
        theirs[dag_id].pop("read_by", None)
        yield from (found for found in differences(ours[dag_id], theirs[dag_id]) if not _of_account(found))


def _of_account(difference: str) -> bool:
    """Whether only the account of the run tells it otherwise: classes by where the shim has them, exceptions bare,
    other objects without their text."""
    bare = (".arguments: {'args'", ".$object.text: ")
    return "airflow._goflow." in difference or (
        difference.endswith(" and None") and any(words in difference for words in bare)
    )


def small(case: Case, shows: Any) -> bytes:
    """The content of CASE with lines left out that it takes not to show the fault."""
    lines = case.content.splitlines(keepends=True)
    return b"".join(shrunk(lines, lambda some: bool(shows(Case(case.name, b"".join(some), case.root)))))
