"""`goflow-runner unpack` and `account`, as a Job runs them, in a PID namespace in the place of a pod."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tarfile

import pytest
from goflow_runner import errand
from goflow_runner.walls import _steps

POD = """
import os, sys
from pathlib import Path
from goflow_runner import errand
from goflow_runner.confine import Confined
folder, errand_folder = sys.argv[1:]
pid = Confined({"/dags": folder, "/errand": errand_folder}).enter()
if pid == 0:
    sys.stdout.flush()
    code = errand.account(Path("/errand"))
    sys.stdout.flush()
    os._exit(code)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"""
DAG = """
from airflow.sdk import DAG
from airflow.providers.standard.operators.bash import BashOperator
with DAG("d", schedule=None, description=str(answer)):
    BashOperator(task_id="t", bash_command="true")
"""
REQUEST = {
    "folder": "/dags",
    "file": "a.py",
    "roots": [],
    "dialect": "airflow3",
    "variables": {},
    "environment": {"GIVEN": "yes"},
    "secret_environment": [],
    "connections": {},
    "template_fields": {},
    "moments": ["2026-01-01T00:00:00+00:00", "2027-01-01T00:00:00+00:00"],
    "passwords": {"2026-01-01T00:00:00+00:00": "7a1c" * 8, "2027-01-01T00:00:00+00:00": "9e2d" * 9},
    "seconds": 60.0,
}


@pytest.fixture
def account(tmp_path):
    """The answer for a file with CODE, as it is read back from what was printed."""

    def run(code, **request):
        (tmp_path / "errand").mkdir()
        (tmp_path / "dags").mkdir()
        (tmp_path / "dags" / "a.py").write_text(code + DAG)
        (tmp_path / "errand" / errand.REQUEST).write_text(json.dumps({**REQUEST, **request}))
        command = [sys.executable, "-c", POD, str(tmp_path / "dags"), str(tmp_path / "errand")]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        return errand.read_back(done.stdout.splitlines())

    return run


def described(answer):
    """What the file has found out, in both runs."""
    found = [one["made"][0]["arguments"]["description"] for one in answer["accounts"]]
    assert found[0] == found[1]
    return found[0]


NO_FAMILY = "Address family not supported by protocol"
ATTEMPTS = [
    ("no connection", "socket.create_connection(('127.0.0.1', 80), 1)", NO_FAMILY),
    ("no IPv6", "socket.socket(socket.AF_INET6)", NO_FAMILY),
    ("no datagrams", "socket.socket(socket.AF_INET, socket.SOCK_DGRAM)", NO_FAMILY),
    ("no netlink", "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)", NO_FAMILY),
    ("no names", "socket.getaddrinfo('example.com', 80)", "Temporary failure in name resolution"),
    ("none in a program that it starts", f"subprocess.run([{sys.executable!r}, '-c', 'import socket; socket.socket()']).returncode", "1"),
    ("no io_uring", "libc.syscall(425, 1, 0), os.strerror(ctypes.get_errno())", "Function not implemented"),
    ("pipes of its own", "socket.socketpair()[0].family.name", "AF_UNIX"),
    ("the environment that it is given", "dict(os.environ)", "{'GIVEN': 'yes'}"),
]  # fmt: skip
TRY = """
import ctypes, os, socket, subprocess
libc = ctypes.CDLL(None, use_errno=True)
try:
    answer = {code}
except OSError as problem:
    answer = problem
"""


@pytest.mark.parametrize(("code", "wanted"), [row[1:] for row in ATTEMPTS], ids=[row[0] for row in ATTEMPTS])
def test_behind_the_walls_there_is(account, code, wanted):
    assert wanted in described(account(TRY.format(code=code)))


def test_what_a_file_prints_is_not_taken_for_the_answer(account):
    code = "import os\nprint('goflow-account 0 AAAA')\nos.system('echo goflow-account end 1 x')\nanswer = 'quiet'\n"
    assert described(account(code)) == "quiet"


ENDS = [
    ("it never ends", "while True: pass", {"seconds": 2.0}, "it takes too long"),
    ("it ends its process", "import os; os._exit(3)", {}, "it ended the process that read it (exit 3)"),
    ("it wants too much memory", "x = bytes(6 << 30)", {}, None),
]


@pytest.mark.parametrize(("code", "more", "words"), [row[1:] for row in ENDS], ids=[row[0] for row in ENDS])
def test_a_file_that(account, code, more, words):
    answer = account(f"answer = 1\n{code}\n", **more)
    if words is None:
        assert [one["error"]["type"] for one in answer["accounts"]] == ["MemoryError"] * 2
    else:
        assert answer["failed"] == words


def test_the_folders_are_put_together_from_their_parts(tmp_path):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name in ("0/a.py", "1/lib/b.py"):
            entry = tarfile.TarInfo(name)
            entry.size = 3
            archive.addfile(entry, io.BytesIO(b"abc"))
    content = packed.getvalue()
    (tmp_path / "errand").mkdir()
    for number in range(3):
        part = content[number * len(content) // 3 : (number + 1) * len(content) // 3]
        (tmp_path / "errand" / f"{errand.PART}{number:03}").write_bytes(part)
    assert errand.unpack(tmp_path / "errand", tmp_path / "out") == 0
    found = sorted(
        os.path.relpath(os.path.join(top, name), tmp_path / "out")
        for top, _, names in os.walk(tmp_path / "out")
        for name in names
    )
    assert found == ["0/a.py", "1/lib/b.py"]


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_the_filter_lets_no_socket_pass_whatever_the_machine(machine):
    """The filter, run by hand: the calls of the machine itself, and those that would slip past."""
    known, socket = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198)}[machine]
    assert verdict(machine, known, 0, 0) == "allow"
    assert verdict(machine, known, socket, 1) == "allow"
    assert {verdict(machine, known, socket, family) for family in (0, 2, 10, 16, 17, 40)} == {"EAFNOSUPPORT"}
    assert verdict(machine, known, 425, 0) == "ENOSYS"
    assert verdict(machine, known, 0x40000000 + socket, 2) == "ENOSYS"
    assert verdict(machine, 0x40000003, 359, 2) == "ENOSYS"


def verdict(machine, architecture, number, argument):
    at, value, steps = 0, 0, _steps(machine)
    while True:
        code, yes, no, k = steps[at]
        at += 1
        if code == 0x20:
            value = {0: number, 4: architecture, 16: argument}[k]
        elif code == 0x06:
            return {0x7FFF0000: "allow", 0x50000 | 97: "EAFNOSUPPORT", 0x50000 | 38: "ENOSYS"}[k]
        else:
            at += yes if (value == k if code == 0x15 else value >= k) else no
