"""The client: a server in trouble is asked again, and being asked twice does no harm."""

from __future__ import annotations

import io
import json
import os
import socket
import threading

import pytest
from goflow_runner import agent, folder, wire
from goflow_runner.client import RefusedError, ServerAwayError, TaskClient

from goflow.domain.state import LaunchState, TaskState
from goflow.executor.words import outcome_from_word
from goflow.store import runs
from tests.runners import Started, bash, python

GOOD = b'HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\n{"value": "v"}'

TROUBLES = {
    "it closes the connection without a word": b"",
    "it closes it in the midst of the head": b"HTTP/1.1 200 OK\r\nContent-Le",
    "it closes it in the midst of the body": b'HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\n{"val',
    "it closes it in the midst of a body of unknown length": b'HTTP/1.1 200 OK\r\n\r\n{"val',
    "it closes it in the midst of a chunk": b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\ne\r\n{"val',
    "it fails": b'HTTP/1.1 500 Oh\r\nContent-Length: 17\r\n\r\n{"detail": "oops"',
    "a gateway answers for it": b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 6\r\n\r\n<html>",
    "it is starting": b"HTTP/1.1 503 Wait\r\nContent-Length: 0\r\n\r\n",
    "it has too much to do": b"HTTP/1.1 429 Later\r\nContent-Length: 0\r\n\r\n",
    "somebody else answers with a page": b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>",
    "somebody else answers with other JSON": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]",
    "it does not speak HTTP": b"SSH-2.0-OpenSSH_9.7\r\n",
}


class Script:
    """A server that gives one connection after another the next of ANSWERS, and closes it."""

    def __init__(self, *answers: bytes) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        self.heard: list[str] = []
        self.answers = list(answers)
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self) -> None:
        while self.answers:
            connection, _ = self.socket.accept()
            with connection:
                data = b""
                while b"\r\n\r\n" not in data:
                    more = connection.recv(65536)
                    assert more, "it has hung up"
                    data += more
                self.heard.append(data.decode())
                connection.sendall(self.answers.pop(0))
        self.socket.close()


def client(url, tmp_path, patience_s=30.0, sleep=lambda _: None):
    token = tmp_path / "secret"
    if not token.exists():
        token.write_text("abc\n")
    return TaskClient(url, "l1", str(token), patience_s=patience_s, sleep=sleep)


@pytest.mark.parametrize("trouble", TROUBLES.values(), ids=TROUBLES.keys())
def test_a_call_is_repeated_until_it_is_answered(tmp_path, trouble):
    script = Script(trouble, trouble, GOOD)
    assert client(script.url, tmp_path).variable("x") == "v"
    assert [wire.REPEAT_HEADER in heard for heard in script.heard] == [False, True, True]


def closed_port():
    with socket.create_server(("127.0.0.1", 0)) as closed:
        return f"http://127.0.0.1:{closed.getsockname()[1]}"


def test_pauses_grow_up_to_five_seconds(tmp_path):
    pauses = []

    def pause(seconds):
        pauses.append(seconds)
        if len(pauses) == 9:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        client(closed_port(), tmp_path, 600.0, pause).variable("x")
    assert pauses == [0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]


def test_patience_ends_in_words(tmp_path):
    with pytest.raises(ServerAwayError, match=r"no answer from http://127.0.0.1:\d+ for 0 s .*Connection refused"):
        client(closed_port(), tmp_path, 0.01).variable("x")


ADDRESSES = {
    "there is no file yet": None,
    "the file is just being written": "",
    "half of an address": "http://",
    "no address at all": "127.0.0.1",
}


@pytest.mark.parametrize("content", ADDRESSES.values(), ids=ADDRESSES.keys())
def test_an_address_that_is_not_there_yet_is_waited_for(tmp_path, content):
    script = Script(GOOD)
    address = tmp_path / "address"
    if content is not None:
        address.write_text(content)
    asked = client(f"file:{address}", tmp_path, sleep=lambda _: address.write_text(script.url))
    assert asked.variable("x") == "v"


def test_a_token_that_is_not_there_yet_is_waited_for(tmp_path):
    script = Script(GOOD)
    made = client(script.url, tmp_path, sleep=lambda _: (tmp_path / "secret").write_text("new"))
    (tmp_path / "secret").unlink()
    assert made.variable("x") == "v"
    assert "Bearer new" in script.heard[0]


def test_a_daemon_that_is_away_for_an_hour_is_waited_for(tmp_path):
    assert TaskClient("http://h", "l", str(tmp_path / "t")).patience_s > 3600


def test_a_token_that_is_gone_is_not_waited_for_as_long(tmp_path, monkeypatch):
    monkeypatch.setattr("goflow_runner.client.TOKEN_S", 0.01)
    made = client(closed_port(), tmp_path, 600.0, sleep=lambda _: (tmp_path / "secret").unlink(missing_ok=True))
    with pytest.raises(ServerAwayError, match=r"for 0 s .*No such file"):
        made.variable("x")


def test_a_refusal_is_not_repeated_and_holds_the_servers_words(tmp_path):
    script = Script(b'HTTP/1.1 403 No\r\nContent-Length: 16\r\n\r\n{"detail": "no"}')
    with pytest.raises(RefusedError, match="403: no") as caught:
        client(script.url, tmp_path).variable("x")
    assert caught.value.status == 403


def test_a_fork_speaks_on_a_connection_of_its_own(server):
    started = server.launch(bash("t", "true"))
    spoken = TaskClient.from_environment(started.id, started.environment())
    spoken.claim("me")
    pid = os.fork()
    if pid == 0:
        spoken.set_variable("child", "1")
        os._exit(0)
    os.waitpid(pid, 0)
    assert spoken.variable("child") == "1"


# With the real task API ------------------------------------------------------------------------------------------


def speaker(started: Started, **more: str) -> TaskClient:
    """A client for that launch."""
    return TaskClient.from_environment(started.id, started.environment(**more))


def test_two_runners_of_one_launch_run_it_once(server, tmp_path):
    started = server.launch(bash("t", f"echo once >> {tmp_path}/ran"))
    runners = [
        started.start(**{wire.ENV_CLAIMANT: name, wire.ENV_WORK_DIR: str(tmp_path / name)}) for name in ("one", "two")
    ]
    assert sorted(started.wait(runner) for runner in runners) == [0, wire.EXIT_NOT_CLAIMED]
    assert (tmp_path / "ran").read_text() == "once\n"
    assert started.state is TaskState.SUCCESS


def test_a_claim_that_is_repeated_by_the_same_process_gets_the_same_answer(server):
    started = server.launch(bash("t", "true"))
    first, second = (speaker(started).claim("me") for _ in range(2))
    assert first == second
    assert started.launch.claimed_by == "me"


def test_an_end_that_is_told_twice_is_stored_once_and_the_first_stands(server):
    started = server.launch(bash("t", "true", retries=3))
    spoken = speaker(started)
    spoken.claim("me")
    result = {"key": "return_value", "value": 1, "length": None}
    line = {"seq": 1, "at": 0.0, "stream": "out", "text": "one"}
    good = {"outcome": {"state": "success", "exit_code": 0}, "xcoms": [result], "lines": [line]}
    spoken.finish(good)
    before = started.instance, started.launch
    spoken.finish(good)
    spoken.finish({"outcome": {"state": "failed", "message": "late"}, "xcoms": [{**result, "value": 2}]})
    assert (started.instance, started.launch) == before
    assert started.xcoms == {"return_value": 1}
    assert started.output == ["one"]


def test_lines_that_are_sent_twice_are_stored_once(server):
    started = server.launch(bash("t", "true"))
    spoken = speaker(started)
    lines = [{"seq": n, "at": 0.0, "stream": "out", "text": f"{n}"} for n in range(1, 5)]
    spoken.logs(lines[:3])
    spoken.logs(lines)
    assert started.output == ["1", "2", "3", "4"]


def test_a_run_whose_making_was_answered_by_nobody_is_not_made_twice(server):
    other = server.launch(bash("t", "true"), dag_id="other")
    started = server.launch(bash("t", "true"))
    spoken = speaker(started)
    spoken.claim("me")
    body = {"dag_id": "other", "run_id": "mine", "conf": {}}
    made = spoken.trigger_dag_run(body)
    with pytest.raises(RefusedError, match="409"):
        spoken.trigger_dag_run(body)
    spoken._until_answered = repeated(spoken)
    assert spoken.trigger_dag_run(body) == made
    assert (made["dag_id"], made["run_id"]) == ("other", "mine")
    foreign = speaker(other)
    foreign._until_answered = repeated(foreign)
    with pytest.raises(RefusedError, match="409"):
        foreign.trigger_dag_run(body)
    with server.store.reading() as tx:
        assert len(runs.list_(tx, "other", limit=10)) == 2


def repeated(spoken):
    """`_until_answered` as it is when a first answer was lost."""
    send = spoken._send

    def sent(*given):
        spoken._is_repeat = True
        return send(*given)

    spoken._send = sent
    return TaskClient._until_answered.__get__(spoken)


def test_the_daemon_goes_away_while_the_task_runs_and_comes_back_elsewhere(server, bell):
    started = server.launch(bash("t", f"echo one; echo > {bell.path}; read -r < {bell.path}.go; echo two"))
    os.mkfifo(f"{bell.path}.go")
    runner = started.start()
    bell.wait()
    server.stop()
    with open(f"{bell.path}.go", "w") as go:
        go.write("\n")
    server.come_back()
    assert started.wait(runner) == 0, started.said
    assert started.state is TaskState.SUCCESS
    assert started.output == ["one", "two"]


def test_what_is_written_while_the_daemon_is_away_is_not_lost(server, bell):
    ring, wait = f"echo > {bell.path}", f"read -r < {bell.path}.go"
    started = server.launch(bash("t", f"seq 1 20000; {ring}; {wait}; seq 20001 40000; {ring}"))
    os.mkfifo(f"{bell.path}.go")
    runner = started.start()
    bell.wait()
    server.stop()
    with open(f"{bell.path}.go", "w") as go:
        go.write("\n")
    bell.wait()
    server.come_back()
    assert started.wait(runner) == 0, started.said
    assert started.output == [str(number) for number in range(1, 40001)]
    assert [line.seq for line in started.lines] == list(range(1, 40001))


def test_a_daemon_that_comes_late_is_waited_for(server):
    started = server.launch(bash("t", "echo hello"))
    server.stop()
    runner = started.start()
    server.come_back()
    assert started.wait(runner) == 0
    assert started.output == ["hello"]


TOKENS = {
    "another launch's token": lambda server, other: server.mint.token(other.id),
    "no token that was ever given": lambda server, other: "f" * 64,
    "an empty file": lambda server, other: "",
}


@pytest.mark.parametrize("token", TOKENS.values(), ids=TOKENS.keys())
def test_a_token_that_is_not_good_ends_the_task_in_words(server, token, tmp_path):
    started, other = server.launch(bash("t", "true")), server.launch(bash("t", "true"), dag_id="other")
    environment = started.environment()
    wrong = tmp_path / "wrong"
    wrong.write_text(token(server, other))
    assert environment
    assert started.run(**{wire.ENV_TOKEN_FILE: str(wrong)}) == 1
    assert "the server refused this launch: 401: " in started.said
    word = json.loads((started.folder / "finish.json").read_text())["outcome"]
    assert (word["state"], word["reason"]) == ("failed", "Refused")
    assert started.launch.state is LaunchState.CREATED, "a stranger changes nothing"


def test_a_launch_that_was_stopped_before_it_began_is_not_run(server, tmp_path):
    from goflow.store import transitions

    started = server.launch(bash("t", f"touch {tmp_path}/ran"))
    with server.store.transaction() as tx:
        transitions.request_stop(tx, started.id, who="test")
    assert started.run() == wire.EXIT_NOT_CLAIMED
    assert not (tmp_path / "ran").exists()


# Folders -----------------------------------------------------------------------------------------------------------


def test_a_folder_is_fetched_whole_though_the_server_goes_away_midway(server, tmp_path):
    started = server.launch(python("t"), file="x = 1\n")
    spoken = speaker(started)
    info = {**spoken.claim("me")["folder"], "local": None, "path": str(tmp_path / "mounted")}
    whole = io.BytesIO()
    spoken.folder_archive(info["digest"], whole)
    tar = whole.getvalue()
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(tar)}\r\n\r\n".encode()
    script = Script(head + tar[: len(tar) // 2], head + tar)
    found = folder.materialise(info, client(script.url, tmp_path), tmp_path)
    assert (found / "f.py").read_text() == "x = 1\n"


def test_a_mounted_folder_is_the_same_for_the_new_interpreter(server, tmp_path):
    started = server.launch(python("t"), file="x = 1\n")
    spoken = speaker(started)
    mounted = tmp_path / "mounted"
    mounted.mkdir()
    info = {**spoken.claim("me")["folder"], "local": None, "path": str(mounted)}
    work = tmp_path / "work"
    work.mkdir()
    assert [folder.materialise(info, spoken, work) for _ in range(2)] == [mounted, mounted]
    assert (mounted / "f.py").read_text() == "x = 1\n"


def test_a_runner_that_finds_no_server_leaves_word_that_nothing_has_begun(tmp_path, monkeypatch):
    def away(*_: object) -> None:
        raise ServerAwayError("no answer for 600 s")

    monkeypatch.setattr(TaskClient, "claim", away)
    (tmp_path / "token").write_text("t")
    environment = {wire.ENV_API_URL: "http://127.0.0.1:1", wire.ENV_TOKEN_FILE: str(tmp_path / "token")}
    code = agent.run("l", environment, claimant="c", work_dir=tmp_path, execute_python=lambda _: 0)
    assert code == wire.EXIT_NO_SERVER
    word = json.loads((tmp_path / "finish.json").read_text())["outcome"]
    assert (word["state"], word["reason"], word["not_begun"]) == ("failed", "NoServer", True)
    assert outcome_from_word(word).disrupted
