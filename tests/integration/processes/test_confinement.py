"""The process that a file runs in: what it may not do, and that it ends."""

from __future__ import annotations

import ast
import functools
import textwrap

import pytest

from goflow.domain.spec import Inputs
from goflow.parser.api import Folder, parse_file
from goflow.parser.sandbox import running

CAPABILITIES = str({"0" * 16})
DAG = """
from airflow import DAG
from airflow.providers.standard.operators.bash import BashOperator
with DAG("d", schedule=None):
    BashOperator(task_id="t", bash_command=repr(answer))
"""


def run(folder, code):
    """What a file with CODE says as ``answer``, run in the sandbox; or why it was not read."""
    (folder / "goflow.yaml").write_text("import_mode: sandbox\n")
    (folder / "a.py").write_text(textwrap.dedent(code) + DAG)
    result = parse_file(Folder(folder, parse_path="/somewhere/dags"), "a.py", Inputs())
    return result.dags[0].tasks[0].fields["bash_command"] if result.dags else result.diagnostics[-1].message


@pytest.fixture
def answer(tmp_path):
    return functools.partial(run, tmp_path)


READ_ONLY, NOT_THERE, REFUSED = "Read-only file system", "No such file or directory", "Operation not permitted"
ATTEMPTS = [
    ("no network", "socket.create_connection(('192.0.2.1', 80), 1)", "Network is unreachable"),
    ("no new files in the folder", "open('/somewhere/dags/new', 'w')", READ_ONLY),
    ("no change to its files", "open('/somewhere/dags/a.py', 'a')", READ_ONLY),
    ("no new files elsewhere", "os.mkdir('/new')", READ_ONLY),
    ("no files of the machine", "open('/etc/shadow')", NOT_THERE),
    ("no file beside the folder", "open(BESIDE)", NOT_THERE),
    ("temporary files", "open('/tmp/mine', 'w').write('x')", "1"),
    ("no other user", "os.setuid(0)", "Invalid argument"),
    ("no other root", "os.chroot('/tmp')", REFUSED),
    ("no higher priority", "os.nice(-5)", REFUSED),
    ("no further namespace", "libc('unshare', 0x10000000)", "No space left on device"),
    ("no mount", "libc('mount', b'x', b'/tmp', b'tmpfs', 0, None)", REFUSED),
    ("the path of the folder", "__file__", "/somewhere/dags/a.py"),
    ("no process of the machine", "len([name for name in os.listdir('/proc') if name.isdigit()])", "2"),
    (
        "no capability",
        "{line.split()[1] for line in open('/proc/self/status') if line.startswith('Cap')}",
        CAPABILITIES,
    ),
    ("no environment", "sorted(os.environ)", "[]"),
]
TRY = """
import ctypes, os, socket
def libc(name, *arguments):
    if getattr(ctypes.CDLL(None, use_errno=True), name)(*arguments):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
def tried(what):
    try:
        return str(what())
    except OSError as problem:
        return problem.strerror
"""


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """What came of all attempts, made by one file."""
    home = tmp_path_factory.mktemp("home")
    beside, folder = home / "beside.txt", home / "dags"
    beside.write_text("not for files of the folder")
    folder.mkdir()
    attempts = ", ".join(f"tried(lambda: {what})" for _, what, _ in ATTEMPTS)
    return ast.literal_eval(run(folder, f"{TRY}\nBESIDE = {str(beside)!r}\nanswer = [{attempts}]"))


@pytest.mark.parametrize("number", range(len(ATTEMPTS)), ids=[name for name, _, _ in ATTEMPTS])
def test_what_a_file_may_do(said, number):
    assert said[number] == ATTEMPTS[number][2]


def test_temporary_files_are_gone_afterwards(answer, tmp_path):
    code = "import os\nbefore = sorted(os.listdir('/tmp'))\nopen('/tmp/left', 'w').close()\nanswer = before"
    assert answer(code) == answer(code) == "['output']"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.py", "goflow.yaml"]


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import os; os._exit(3)", "running it fails: it ended the process that read it (exit 3)"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "running it fails: it was ended by SIGKILL"),
        ("x = bytearray(1 << 40)", "MemoryError"),
        ("raise SystemExit('enough')", "SystemExit: enough"),
        ("def f(): f()\nf()", "RecursionError: maximum recursion depth exceeded"),
    ],
    ids=["it leaves", "it kills itself", "it wants a terabyte", "it exits", "it recurs without end"],
)
def test_a_file_that_ends_its_own_process_is_told(answer, code, said):
    assert answer(f"{code}\nanswer = 0") == said


def test_a_file_that_never_ends_is_given_up_and_nothing_of_it_is_left(answer, monkeypatch):
    monkeypatch.setattr(running, "SECONDS", 2.0)
    code = """
    import os, time
    os.fork()
    while True:
        time.sleep(1)
    answer = 0
    """
    assert answer(code) == "running it fails: it takes too long"


def test_a_file_that_forks_without_end_reaches_its_limit(answer):
    code = """
    import os, time
    answer = "no limit"
    for _ in range(2000):
        try:
            if os.fork() == 0:
                time.sleep(60)
        except OSError as problem:
            answer = problem.strerror
            break
    """
    assert answer(code) == repr("Resource temporarily unavailable")
