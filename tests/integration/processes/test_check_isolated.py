"""`goflow check` and `goflow export` go on when a file costs the process that reads it."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner

from goflow.cli import _reading, main
from goflow.cli._children import Children, Work
from tests.unit.importer import faults

GOOD = "Name: {name}\nCommand: [a]\n"
FEW, MANY = 3, 20

DEATHS = [
    ("segfault", "GF009", "the reading process ended: signal SIGSEGV"),
    ("killed", "GF009", "the reading process ended: signal SIGKILL"),
    ("exit", "GF009", "the reading process ended: exit code 3"),
    ("memory", "GF005", "reading the file takes more memory than it may"),
    ("raise", "GF009", "KeyError: 'words'"),
]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder of files, one of which does what it says to the process that reads it."""

    def lay(fault: str, count: int) -> Path:
        for number in range(count):
            (tmp_path / f"{number:02}.yaml").write_text(GOOD.format(name=f"dag_{number}"))
        (tmp_path / "01.yaml").write_text(f"# fault: {fault}\n" + GOOD.format(name="lost"))
        return tmp_path

    monkeypatch.setattr(_reading, "parse_file", faults.parse)
    monkeypatch.chdir(tmp_path)
    return lay


@pytest.mark.parametrize("count", [FEW, MANY])
@pytest.mark.parametrize(("fault", "code", "words"), DEATHS)
def test_check_tells_of_the_file_and_reads_the_others(folder, count, fault, code, words):
    folder(fault, count)
    result = CliRunner().invoke(main, ["check", ".", "--json"])
    assert result.exit_code == 1
    document = json.loads(result.stdout)
    errors = [one for one in document["diagnostics"] if one["severity"] == "error"]
    assert [(one["code"], one["path"], one["message"]) for one in errors] == [(code, "01.yaml", words)]
    assert document["dags"] == count - 1


@pytest.mark.parametrize("count", [FEW, MANY])
def test_export_has_the_error_of_the_file_and_the_dags_of_the_others(folder, count):
    folder("killed", count)
    result = CliRunner().invoke(main, ["export", "."])
    assert result.exit_code == 0
    document = json.loads(result.stdout)
    assert document["01.yaml"]["error"].startswith("GF009 01.yaml: the reading process ended: signal SIGKILL")
    assert sorted(name for name, file in document.items() if file["dags"]) == sorted(set(document) - {"01.yaml"})


def test_the_coverage_report_counts_the_file_as_refused(folder):
    root = folder("segfault", FEW)
    result = CliRunner().invoke(main, ["check", "--airflow-repo", str(root), "--folder", str(root), "--json"])
    assert result.exit_code == 0, result.output
    assert "signal SIGSEGV" in result.stdout


def test_a_file_that_hangs_is_given_up(tmp_path):
    work = Work(_hang_or_echo, lambda finding: (finding.code, finding.message), timeout_s=0.3)
    with Children(work, 2) as children:
        answers = list(children.answers(["a", "hang", "b"]))
    assert answers == ["a", ("GF005", "reading the file takes longer than 0.3 s"), "b"]


def test_every_file_may_cost_a_process():
    before = _children()
    paths = [f"die {number}" if number % 2 else str(number) for number in range(40)]
    with Children(Work(_hang_or_echo, lambda finding: finding.code), 3) as children:
        assert list(children.answers(paths)) == ["GF009" if number % 2 else str(number) for number in range(40)]
    assert _children() <= before


def test_processes_end_when_nobody_asks_for_the_rest():
    before = _children()
    with Children(Work(_hang_or_echo, str), 2) as children:
        assert next(children.answers(["a", "b", "hang", "hang", "c"])) == "a"
    assert _children() <= before


def test_a_process_takes_no_more_memory_than_it_may():
    work = Work(_takes_a_gigabyte, lambda finding: finding.message, memory_mb=_virtual_mb() + 256)
    with Children(work, 1) as children:
        assert list(children.answers(["a"])) == ["reading the file takes more memory than it may"]


def test_the_bar_goes_on_to_the_end_on_a_terminal(tmp_path):
    """The command by itself, with a terminal for its standard error."""
    for number in range(MANY):
        (tmp_path / f"{number:02}.yaml").write_text(GOOD.format(name=f"dag_{number}"))
    (tmp_path / "01.yaml").write_text("# fault: killed\n" + GOOD.format(name="lost"))
    program = (
        "from goflow.cli import _reading, main; from tests.unit.importer import faults; "
        "_reading.parse_file = faults.parse; main(['check', '.', '--json'])"
    )
    ours, theirs = pty.openpty()
    shown = bytearray()
    reader = threading.Thread(target=_drain, args=(ours, shown))
    reader.start()
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "TERM": "xterm", "COLUMNS": "80"}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=theirs
    )
    os.close(theirs)
    reader.join()
    os.close(ours)
    assert done.returncode == 1
    assert json.loads(done.stdout)["dags"] == MANY - 1
    assert b"Reading" in shown
    assert b"100%" in shown


def _hang_or_echo(path: str) -> str:
    if path == "hang":
        threading.Event().wait()
    if path.startswith("die"):
        os.kill(os.getpid(), signal.SIGKILL)
    return path


def _takes_a_gigabyte(path: str) -> int:
    return len(bytearray(1 << 30))


def _virtual_mb() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    return pages * os.sysconf("SC_PAGE_SIZE") >> 20


def _children() -> set[str]:
    """The processes that this one has begun and not yet waited for."""
    return {pid for task in Path("/proc/self/task").iterdir() for pid in (task / "children").read_text().split()}


def _drain(descriptor: int, into: bytearray) -> None:
    try:
        while part := os.read(descriptor, 1 << 16):
            into += part
    except OSError:  # the other end of a terminal was closed
        pass
