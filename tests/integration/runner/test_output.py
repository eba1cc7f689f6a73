"""Output: every byte of it is told, in order, as it was, and the memory it takes stays small."""

from __future__ import annotations

import json
import os
import sys
import threading
import tracemalloc

import pytest
from goflow_runner import output as output_module
from goflow_runner.client import RefusedError, ServerAwayError, ServerBusyError
from goflow_runner.output import LONGEST_LINE, SEND_AT_LINES, Output

from tests.runners import bash

WRITE = f"{sys.executable} -c 'import sys; w = sys.stdout.buffer.write; {{}}'"
"""A command that writes bytes as they are; the text has no single quotes."""

WRITTEN = {
    "nothing at all": ("", [], ""),
    "an empty line": (r'w(b"\n")', [""], ""),
    "no newline at the end": (r'w(b"one\ntwo")', ["one", "two"], "two"),
    "blanks at the end of lines": (r'w(b"one  \n two \n")', ["one  ", " two "], " two"),
    "Windows' line ends": (r'w(b"one\r\ntwo\r\n")', ["one", "two"], "two"),
    "a progress bar": (r'w(b"1%\r50%\r100%\ndone\n")', ["1%\r50%\r100%", "done"], "done"),
    "a carriage return that ends the output": (r'w(b"one\r")', ["one\r"], "one"),
    "several carriage returns before the newline": (r'w(b"one\r\r\n")', ["one\r"], "one"),
    "bytes that are no UTF-8": (r'w(b"a\xff\xfeb\n")', [r"a\xff\xfeb"], r"a\xff\xfeb"),
    "half a character at the end": (r'w(b"a\xc3")', [r"a\xc3"], r"a\xc3"),
    "characters of all lengths": (r'w("aßक😀\n".encode())', ["aßक😀"], "aßक😀"),
    "a NUL byte": (r'w(b"a\0b\n")', ["a\N{REPLACEMENT CHARACTER}b"], "a\0b"),
    "other control characters": (r'w(b"\x1b[31mred\x1b[0m\t\x07\x0b\x0c\x85\n")', None, None),
    "Unicode's own line ends are none": (r'w("a\u2028b\x85c\n".encode())', ["a\u2028b\x85c"], "a\u2028b\x85c"),
    "JSON": (r'w(b"{\"a\": [1]}\n")', ['{"a": [1]}'], '{"a": [1]}'),
}  # fmt: skip


@pytest.mark.parametrize(("code", "lines", "result"), WRITTEN.values(), ids=WRITTEN.keys())
def test_what_is_written_is_what_is_stored(server, code, lines, result):
    started = server.launch(bash("t", WRITE.format(code or "pass")))
    assert started.run() == 0, started.said
    if lines is None:
        lines, result = ["\x1b[31mred\x1b[0m\t\x07\x0b\x0c\\x85"], "\x1b[31mred\x1b[0m\t\x07\x0b\x0c\\x85"
    assert started.output == lines
    assert started.xcoms == {"return_value": result}


@pytest.mark.parametrize("length", [LONGEST_LINE - 1, LONGEST_LINE, LONGEST_LINE + 1, 5 * LONGEST_LINE + 7])
@pytest.mark.parametrize("character", ["x", "ß", "😀"])
def test_a_long_line_is_cut_between_characters_and_is_one_result(server, length, character):
    count = length // len(character.encode())
    started = server.launch(bash("t", WRITE.format(f'w(("a" + "{character}" * {count} + "\\nend").encode())')))
    assert started.run() == 0, started.said
    assert "".join(started.output) == "a" + character * count + "end"
    assert all(len(line.encode()) <= LONGEST_LINE for line in started.output)
    assert started.output[-1] == "end"


def test_a_long_last_line_is_the_result_whole(server):
    started = server.launch(bash("t", WRITE.format(f'w(b"first\\n" + b"x" * {10 * LONGEST_LINE} + b"y\\n")')))
    assert started.run() == 0, started.said
    assert started.xcoms == {"return_value": "x" * 10 * LONGEST_LINE + "y"}


def test_the_order_of_both_streams_is_kept(server):
    code = r'e = sys.stderr.buffer; [(w(b"o%d\n" % n), sys.stdout.flush(), e.write(b"e%d\n" % n), e.flush()) for n in range(200)]'
    started = server.launch(bash("t", WRITE.format(code)))
    started.run()
    assert started.output == [f"{stream}{number}" for number in range(200) for stream in "oe"]


def test_a_hundred_thousand_lines_arrive_in_order_without_a_gap(server):
    started = server.launch(bash("t", "seq 100000"))
    assert started.run() == 0, started.said
    lines = started.lines
    assert [line.text for line in lines] == [str(number) for number in range(1, 100001)]
    assert [line.seq for line in lines] == list(range(1, 100001))
    assert [line.at for line in lines] == sorted(line.at for line in lines)


class Server:
    """Takes lines as the task API does, and refuses on command."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.lines = {}
        self.sizes = []
        self.patience_s = 1.0
        self.called = threading.Event()

    def another(self):
        return self

    def logs_as_written(self, lines, written=0, *, last=False):
        self.called.set()
        self.last = last
        self.sizes.append(len(lines))
        assert written >= json.loads(lines[-1])["seq"], "should the rest never come, the gap has a size"
        answer = self.answers.pop(0) if self.answers else None
        if isinstance(answer, float):
            if not last:
                raise ServerBusyError(answer, "too much")
            answer = None
        if answer == "lost":  # it has them, and its answer gets lost
            self.take(lines)
        if answer is not None:
            raise ServerAwayError(answer) if isinstance(answer, str) else RefusedError(answer, "no")
        self.take(lines)

    def take(self, lines):
        for line in map(json.loads, lines):
            assert self.lines.setdefault(line["seq"], line) == line, "the same line again is the same"

    def close(self):
        pass


def everything(server, rest):
    """All lines that have arrived, with those that travel with the end, without gap."""
    for line in rest:
        server.lines[line["seq"]] = line
    assert sorted(server.lines) == list(range(1, len(server.lines) + 1))
    return [server.lines[number]["text"] for number in sorted(server.lines)]


def write(output, text):
    output.start()
    with open(output.fd, "w", closefd=False) as file:
        file.write(text)


@pytest.mark.parametrize("answers", [["away"] * 3, ["lost", "lost"], ["away", "lost", "away"]], ids=str)
def test_a_server_that_is_away_for_a_while_gets_every_line(tmp_path, answers):
    server = Server(*answers)
    output = Output(tmp_path / "spool", server)
    text = "".join(f"{number}\n" for number in range(3 * SEND_AT_LINES))
    write(output, text)
    assert server.called.wait(30)
    output.drain()
    server.answers.clear()  # it is back
    assert everything(server, output.ship()) == text.split()


def test_a_server_that_stays_away_is_told_the_end_of_the_log(tmp_path):
    server = Server(*["away"] * 100)
    output = Output(tmp_path / "spool", server)
    write(output, "".join(f"{number}\n" for number in range(5 * SEND_AT_LINES + 7)))
    rest = output.close()
    assert rest[-1]["text"] == str(5 * SEND_AT_LINES + 6)
    assert [line["seq"] for line in rest] == list(range(rest[0]["seq"], 5 * SEND_AT_LINES + 8))
    assert len((tmp_path / "spool").read_text().splitlines()) == 5 * SEND_AT_LINES + 7


class Waits(threading.Event):
    """Remembers how long it was waited for."""

    def __init__(self):
        super().__init__()
        self.told = []
        self.long = threading.Event()

    def wait(self, timeout=None):
        self.told.append(timeout)
        if timeout and timeout > 1:
            self.long.set()
        return super().wait(timeout)


def test_a_server_that_takes_no_lines_just_now_is_asked_again_when_it_says(tmp_path):
    server = Server(3600.0)
    output = Output(tmp_path / "spool", server)
    output._closing = waits = Waits()
    text = "".join(f"{number}\n" for number in range(3 * SEND_AT_LINES))
    write(output, text)
    assert waits.long.wait(30)
    assert (waits.told, len(server.sizes)) == ([3600.0], 1)
    output.drain()
    assert everything(server, output.ship()) == text.split()


def test_the_end_of_a_task_waits_for_it_only_for_a_while_and_loses_nothing(tmp_path):
    server, slept = Server(*[25.0] * 100), []
    output = Output(tmp_path / "spool", server, sleep=slept.append)
    text = "".join(f"{number}\n" for number in range(3 * SEND_AT_LINES))
    write(output, text)
    output.drain()
    server.answers = [25.0] * 100
    assert everything(server, output.ship(60.0)) == text.split()
    assert slept == [25.0, 25.0, 10.0]
    assert server.last


@pytest.mark.parametrize("goes_on", [True, False])
def test_what_waits_for_the_server_is_bounded_and_what_is_lost_is_counted(tmp_path, monkeypatch, goes_on):
    monkeypatch.setattr(output_module, "LARGEST_BACKLOG", 10_000)
    server = Server()
    output = Output(tmp_path / "spool", server)
    for number in range(1000):
        output.say(f"{number}")
    assert os.path.getsize(tmp_path / "spool") <= 10_000
    kept = output._seq
    while output._spooled > output._sent:
        output._send_batch(server)
    if goes_on:
        output.say("and on")
    texts = everything(server, output.close())
    assert texts[:kept] == [str(number) for number in range(kept)]
    loss = f"{1000 - kept} lines were lost: 0 MiB of them wait for the server"
    assert texts[kept:] == ([loss, "and on"] if goes_on else [loss])


def test_a_large_spool_that_was_sent_begins_anew(tmp_path, monkeypatch):
    monkeypatch.setattr(output_module, "RECLAIM_AT_BYTES", 1000)
    server = Server()
    output = Output(tmp_path / "spool", server)
    for number in range(100):
        output.say(f"{number}")
        if number % 40 == 39:
            while output._spooled > output._sent:
                output._send_batch(server)
    assert os.path.getsize(tmp_path / "spool") < 3000
    assert everything(server, output.close()) == [str(number) for number in range(100)]


@pytest.mark.parametrize("status", [400, 413])
def test_lines_that_are_refused_do_not_hold_up_the_others(tmp_path, status):
    server = Server(status)
    output = Output(tmp_path / "spool", server)
    write(output, "".join(f"{number}\n" for number in range(2 * SEND_AT_LINES)))
    rest = output.close()
    told = [line["text"] for line in [*server.lines.values(), *rest]]
    assert f"the server refused {server.sizes[0]} lines: {status}: no" in told
    assert str(2 * SEND_AT_LINES - 1) in told


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_a_server_that_wants_no_lines_of_this_launch_is_left_alone(tmp_path, status):
    server = Server(*[status] * 1000)
    output = Output(tmp_path / "spool", server)
    write(output, "".join(f"{number}\n" for number in range(5 * SEND_AT_LINES)))
    output.close()
    assert len(server.sizes) <= 2


def test_a_full_disk_stops_no_task_and_is_told():
    from pathlib import Path

    output = Output(Path("/dev/full"), None)
    write(output, "one\ntwo\n")
    output.drain()
    assert output._lost == (2, os.strerror(28))
    assert output.last_line == "two"


def test_lines_lost_to_a_full_disk_are_counted_once_there_is_room(tmp_path):
    output = Output(tmp_path / "spool", None)
    room, output._spool = output._spool, open("/dev/full", "ab", buffering=0)  # noqa: SIM115
    output.say("lost")
    output.say("lost too")
    output._spool = room
    output.say("kept")
    lines = [json.loads(line) for line in (tmp_path / "spool").read_text().splitlines()]
    assert [line["text"] for line in lines] == ["2 lines were lost: No space left on device", "kept"]
    assert [line["seq"] for line in lines] == [1, 2]


def test_memory_does_not_grow_with_the_output(tmp_path):
    output = Output(tmp_path / "spool", Server(*["away"] * 1000))
    tracemalloc.start()
    try:
        write(output, ("x" * 2000 + "\n") * 10_000)
        output.drain()
        before_write, peak = 20_010_000, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert os.path.getsize(tmp_path / "spool") > before_write
    assert peak < 2.2 * before_write + (4 << 20), "the text itself, twice while it is written, and no third time"
