"""Reading processes: what a file may do to one, and that it does no more."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from goflow.domain.spec import Dialect, Inputs
from goflow.importer.messages import Parsed, Setup, TookTooLongError, receive, send
from goflow.importer.pool import ReaderPool
from goflow.importer.settings import ImportSettings
from tests.unit.importer.kit import FAULTS, Kit, native


def setup(root: Path) -> Setup:
    """A setup without inputs."""
    return Setup(
        root=root,
        import_roots=(),
        parse_path="/dags",
        dialect=Dialect.AIRFLOW3,
        safe_mode=True,
        environment={},
        runs_files=True,
        inputs=Inputs(),
    )


@pytest.mark.parametrize(
    ("fault", "code", "words"),
    [
        ("segfault", "GF009", "signal SIGSEGV"),
        ("killed", "GF009", "signal SIGKILL"),
        ("busy", "GF005", "the processor's time"),
        ("exit", "GF009", "exit code 3"),
        ("hang", "GF005", "longer than 5 s"),
        ("memory", "GF005", "memory"),
        ("large", "GF005", "memory"),
        ("raise", "GF009", "KeyError"),
        ("deep", "GF009", "RecursionError"),
    ],
)
def test_a_file_that_kills_its_reader_is_the_only_one_to_suffer(
    make_kit: object, fault: str, code: str, words: str
) -> None:
    kit: Kit = make_kit(parser=FAULTS, parse_timeout_s=5.0 if fault == "hang" else 60.0)  # type: ignore[operator]
    kit.write("a.yaml", native("first_dag"))
    kit.write("b.yaml", f"# fault: {fault}\n")
    kit.write("c.yaml", native("third_dag"))
    summary = kit.scan()
    assert (summary.read, summary.broken) == (["a.yaml", "b.yaml", "c.yaml"], ["b.yaml"])
    assert set(kit.active()) == {"first_dag", "third_dag"}
    from goflow.store import import_errors

    with kit.store.reading() as tx:
        [row] = import_errors.list_(tx)
    assert row.diagnostics[0].code == code
    assert words in row.diagnostics[0].message


def test_a_reader_that_nothing_else_can_end_is_ended_by_the_system() -> None:
    source = (
        "import re, signal\nfrom goflow.importer.worker import limit_cpu\n"
        "signal.signal(signal.SIGPROF, signal.SIG_IGN)\nlimit_cpu(0.5)\nre.match('(a+)+$', 'a' * 60 + 'b')\n"
    )
    assert subprocess.run([sys.executable, "-c", source], check=False).returncode == -signal.SIGXCPU


def test_a_good_dag_stays_in_force_when_its_file_begins_to_kill(make_kit: object) -> None:
    kit: Kit = make_kit(parser=FAULTS)  # type: ignore[operator]
    path = kit.write("a.yaml", native("first_dag"))
    kit.scan()
    path.write_text("# fault: segfault\n" + native("first_dag"))
    kit.scan()
    assert (kit.active(), kit.errors()) == ({"first_dag": ("a.yaml", 1)}, {"a.yaml": ["GF009"]})
    assert kit.scan().read == [], "it is not tried again at every scan"
    kit.store.clock.advance(601)  # type: ignore[attr-defined]
    assert kit.scan().read == ["a.yaml"], "but now and then: the machine may have been short of memory"
    path.write_text(native("first_dag", "mended"))
    kit.scan()
    assert (kit.active(), kit.errors()) == ({"first_dag": ("a.yaml", 2)}, {})


def test_what_a_file_prints_does_not_come_between_the_messages(make_kit: object) -> None:
    kit: Kit = make_kit(parser=FAULTS)  # type: ignore[operator]
    kit.write("a.yaml", "# fault: print\n" + native("first_dag"))
    kit.write("b.yaml", native("second_dag"))
    kit.scan()
    assert set(kit.active()) == {"first_dag", "second_dag"}


def test_processes_begin_when_there_is_work_and_end_when_told(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(native("first_dag"))
    pool = ReaderPool(ImportSettings(root=tmp_path, processes=2))
    assert pool.running == 0
    assert list(pool.read(setup(tmp_path), [])) == []
    assert pool.running == 0
    for _ in range(2):
        [parsed] = pool.read(setup(tmp_path), ["a.yaml"])
        assert [dag.dag_id for dag in parsed.dags] == ["first_dag"]
        assert pool.running == 1
        pool.close()
        pool.close()
        assert pool.running == 0


def test_a_further_process_begins_where_there_are_files_for_it(tmp_path: Path) -> None:
    names = [f"{number}.yaml" for number in range(11)]
    for name in names:
        (tmp_path / name).write_text(native("first_dag"))
    pool = ReaderPool(ImportSettings(root=tmp_path, processes=3))
    assert len(list(pool.read(setup(tmp_path), names[:10]))) == 10
    assert pool.running == 1
    assert len(list(pool.read(setup(tmp_path), names))) == 11
    assert pool.running == 2
    pool.close()


def test_a_reader_who_is_not_asked_to_the_end_stops(tmp_path: Path) -> None:
    names = [f"{number}.yaml" for number in range(20)]
    for name in names:
        (tmp_path / name).write_text(native("first_dag"))
    pool = ReaderPool(ImportSettings(root=tmp_path))
    answers = pool.read(setup(tmp_path), names)
    assert next(answers).path == "0.yaml"
    answers.close()  # type: ignore[attr-defined]
    assert [parsed.path for parsed in pool.read(setup(tmp_path), ["5.yaml"])] == ["5.yaml"]
    pool.close()


def parent(pid: int) -> int:
    """The process id of the parent of PID."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def test_processes_are_forked_from_one_that_stays_while_they_rest(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(native("first_dag"))
    pool = ReaderPool(ImportSettings(root=tmp_path, processes=2))
    pool.ready()
    [zygote] = {parent(pid) for pid in pool.pids()}
    pool.rest()
    assert pool.running == 0
    assert len(list(pool.read(setup(tmp_path), ["a.yaml"]))) == 1
    assert {parent(pid) for pid in pool.pids()} == {zygote}
    pool.close()
    assert not Path(f"/proc/{zygote}").exists()


def test_the_end_of_the_process_that_others_are_forked_from_costs_no_file(tmp_path: Path) -> None:
    for name in "abcd":
        (tmp_path / f"{name}.yaml").write_text(native(f"dag_{name}"))
    pool = ReaderPool(ImportSettings(root=tmp_path))
    assert [parsed.crashed for parsed in pool.read(setup(tmp_path), ["a.yaml"])] == [False]
    [pid] = pool.pids()
    os.kill(parent(pid), signal.SIGKILL)
    assert [parsed.crashed for parsed in pool.read(setup(tmp_path), ["b.yaml"])] == [False]
    assert pool.pids() == [pid], "it lives on"
    pool.rest()
    pool.warm()
    assert pool._zygote._process is not None
    pool._zygote._process.kill()
    assert [parsed.crashed for parsed in pool.read(setup(tmp_path), ["c.yaml"])] == [False]
    [pid] = pool.pids()
    descriptor = os.pidfd_open(pid)
    os.kill(pid, signal.SIGKILL)
    assert select.select([descriptor], [], [], 20)[0]
    os.close(descriptor)
    [parsed] = pool.read(setup(tmp_path), ["d.yaml"])
    assert not parsed.crashed, "it was seen to be gone, so another was begun"
    pool.close()


def test_a_process_ends_when_the_daemon_is_gone(tmp_path: Path) -> None:
    """The daemon is killed; its reading process sees the end of its input, and so does what that was forked from."""
    program = (
        "import os, sys; from pathlib import Path; from goflow.importer.pool import ReaderPool; "
        "from goflow.importer.settings import ImportSettings; from tests.integration.processes.test_reading_processes import setup; "
        "root = Path(sys.argv[1]); pool = ReaderPool(ImportSettings(root=root)); "
        "list(pool.read(setup(root), ['a.yaml'])); "
        "print(pool.pids()[0], pool._zygote._process.pid, flush=True); os.kill(os.getpid(), 9)"
    )
    (tmp_path / "a.yaml").write_text(native("first_dag"))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, env=environment)
    for pid in map(int, done.stdout.split()):
        try:
            descriptor = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        assert select.select([descriptor], [], [], 20)[0], "it lives on"
        os.close(descriptor)


def test_the_environment_of_the_daemon_is_not_handed_on(
    tmp_path: Path, make_kit: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOFLOW_ENCRYPTION_KEY", "secret")
    (tmp_path / "a.yaml").write_text(native("first_dag"))
    pool = ReaderPool(ImportSettings(root=tmp_path))
    list(pool.read(setup(tmp_path), ["a.yaml"]))
    [pid] = pool.pids()
    environment = Path(f"/proc/{pid}/environ").read_bytes()
    assert b"secret" not in environment
    assert b"PYTHONHASHSEED=0" in environment
    pool.close()


def test_a_reading_process_does_not_load_the_store_nor_the_daemon_the_parser(tmp_path: Path) -> None:
    heavy = "{name for name in sys.modules} & {'sqlalchemy', 'libcst', 'kubernetes', 'fastapi', 'watchdog'}"
    for modules, allowed in (
        ("goflow.importer.worker", set()),
        ("goflow.importer.service", {"sqlalchemy", "watchdog"}),
    ):
        program = f"import sys, {modules}; print(sorted({heavy}))"
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        assert set(eval(done.stdout)) == allowed, modules


def test_messages_keep_their_lengths() -> None:
    there, here = os.pipe()
    for value in ("text", Parsed(path="a" * 20_000), b""):
        send(here, value)
        assert receive(there, timeout_s=5) == value
    with pytest.raises(TookTooLongError):
        receive(there, timeout_s=0.01)
    os.write(here, b"\0\0\0")
    os.close(here)
    with pytest.raises(EOFError):
        receive(there)
    os.close(there)
