"""Real files, changed by chance: statements and tokens swapped, dropped and doubled, other literals, pieces of two files."""

from __future__ import annotations

import ast
import random
import re
from collections.abc import Callable

LITERALS = (
    "0", "-1", "1", "2.5", "1e999", "10 ** 400", "9" * 5000, "0x_ff", "1j", "None", "True", "...", "''", "' '", "'a'",
    "'a b/c'", r"'\ud800'", r"'\N{BULLET}'", "b'x'", "f'{1}'", "f'{x!r:>{1}}'", "r'\\d'", "[]", "[None]", "{}", "{1: 2}", "set()",
    "{'b', 'a'}", "()", "lambda: 0", "(yield)", "(x := 1)", "*[1]", "not 1", "type", "object()", "iter([1])", "__import__('os').getpid()",
    "NotImplemented", "range(3)", "Exception('x')", "super", "globals()", "[0] * 3", "'{{ ds }}'", "'%s'", "(i for i in 'ab')",
)  # fmt: skip
_TOKEN = re.compile(rb"[A-Za-z_]\w*|\d[\w.]*|'[^'\n]*'|\"[^\"\n]*\"|[^\w\s]+|\s+")
_LITERAL = re.compile(rb"'[^'\n]*'|\"[^\"\n]*\"|\b\d[\w.]*|\b(?:None|True|False)\b")
Change = Callable[[random.Random, bytes, bytes], bytes]


def mutated(seed: int, source: bytes, other: bytes) -> bytes:
    """SOURCE after one to four changes that SEED decides about; OTHER is a file to take pieces from."""
    chance = random.Random(seed)
    for _ in range(chance.choice((1, 1, 1, 2, 2, 3, 4))):
        source = chance.choice(CHANGES)(chance, source, other)
    return source


def _statements(chance: random.Random, source: bytes, other: bytes) -> bytes:
    """Two statements of one body change places, or one is dropped, doubled or moved to another body."""
    bodies = _bodies(source)
    if not bodies:
        return _lines(chance, source, other)
    lines = source.splitlines(keepends=True)
    body = chance.choice(bodies)
    first, second = chance.choice(body), chance.choice(chance.choice(bodies) if chance.random() < 0.3 else body)
    way = chance.randrange(4)
    if way == 0:
        return b"".join(lines[: first[0]] + lines[first[1] :])
    if way == 1:
        return b"".join(lines[: first[1]] + lines[first[0] : first[1]] + lines[first[1] :])
    if first[0] > second[0]:
        first, second = second, first
    if first[1] > second[0]:
        return source
    one, between, two = lines[slice(*first)], lines[first[1] : second[0]], lines[slice(*second)]
    middle = two + between + one if way == 2 else between + one + two
    return b"".join(lines[: first[0]] + middle + lines[second[1] :])


def _bodies(source: bytes) -> list[list[tuple[int, int]]]:
    """The bodies in SOURCE, each statement as the lines it stands on (from 0, the end excluded)."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    found = []
    for node in ast.walk(tree):
        for name in ("body", "orelse", "finalbody"):
            body = getattr(node, name, None)
            if isinstance(body, list) and body and isinstance(body[0], ast.stmt):
                found.append([(statement.lineno - 1, statement.end_lineno or statement.lineno) for statement in body])
    return found


def _lines(chance: random.Random, source: bytes, other: bytes) -> bytes:
    lines = source.splitlines(keepends=True)
    if lines:
        place = chance.randrange(len(lines))
        lines[place : place + 1] = chance.choice(
            ([], [lines[place]] * 2, [b"    " + lines[place]], [lines[place].lstrip()])
        )
    return b"".join(lines)


def _tokens(chance: random.Random, source: bytes, other: bytes) -> bytes:
    """A token is dropped, doubled, changes places with another, or comes from the other file."""
    tokens = _TOKEN.findall(source)
    places = [index for index, token in enumerate(tokens) if not token.isspace()]
    if not places:
        return source
    place, another = chance.choice(places), chance.choice(places)
    match chance.randrange(4):
        case 0:
            del tokens[place]
        case 1:
            tokens.insert(place, tokens[place])
        case 2:
            tokens[place], tokens[another] = tokens[another], tokens[place]
        case _:
            tokens[place] = chance.choice([token for token in _TOKEN.findall(other) if not token.isspace()] or [b"x"])
    return b"".join(tokens)


def _names(chance: random.Random, source: bytes, other: bytes) -> bytes:
    """One name stands where another stood."""
    names = list(re.finditer(rb"\b[A-Za-z_]\w*\b", source))
    if not names:
        return source
    place, another = chance.choice(names), chance.choice(names)
    return source[: place.start()] + another[0] + source[place.end() :]


def _literals(chance: random.Random, source: bytes, other: bytes) -> bytes:
    """Another literal."""
    found = list(_LITERAL.finditer(source))
    if not found:
        return source
    place = chance.choice(found)
    return source[: place.start()] + chance.choice(LITERALS).encode() + source[place.end() :]


def _cut(chance: random.Random, source: bytes, other: bytes) -> bytes:
    """The file ends early, or a piece is missing."""
    start, end = sorted(chance.randrange(len(source) + 1) for _ in range(2))
    return source[:start] if chance.random() < 0.3 else source[:start] + source[min(end, start + 400) :]


def _splice(chance: random.Random, source: bytes, other: bytes) -> bytes:
    """The beginning of one file and the end of another."""
    ours, theirs = source.splitlines(keepends=True), other.splitlines(keepends=True)
    return b"".join(ours[: chance.randrange(len(ours) + 1)] + theirs[chance.randrange(len(theirs) + 1) :])


def _wrap(chance: random.Random, source: bytes, other: bytes) -> bytes:
    """A statement inside an ``if``, loop, ``try``, ``with`` or function."""
    bodies = _bodies(source)
    if not bodies:
        return source
    start, end = chance.choice(chance.choice(bodies))
    lines = source.splitlines(keepends=True)
    indent = lines[start][: len(lines[start]) - len(lines[start].lstrip())]
    head, tail = chance.choice(AROUND)
    inner = [b"    " + line for line in lines[start:end]]
    around = [indent + head + b"\n", *inner, *([b"\n", indent + tail + b"\n"] if tail else [])]
    return b"".join(lines[:start] + around + lines[end:])


AROUND = (
    (b"if __import__('os').getpid() % 2:", b""), (b"for _ in range(2):", b""), (b"for _ in {'a', 'b'}:", b""),
    (b"while True:", b"    break"), (b"try:", b"except Exception: pass"), (b"try:", b"finally: pass"), (b"class _C:", b""),
    (b"def _f():", b"_f()"), (b"with __import__('contextlib').suppress(Exception):", b""), (b"async def _f():", b""),
    (b"match 1:\n    case _:", b""),
)  # fmt: skip


def _bytes(chance: random.Random, source: bytes, other: bytes) -> bytes:
    """Another encoding, other line ends, a byte that is wrong."""
    text = source.decode("utf-8", "replace")
    match chance.randrange(7):
        case 0:
            return (
                f"# -*- coding: {chance.choice(('latin-1', 'utf-16', 'ascii', 'cp1252', 'utf-7', 'rot13', 'x'))} -*-\n".encode()
                + source
            )
        case 1:
            return text.encode(chance.choice(("utf-16", "utf-8-sig", "utf-32")))
        case 2:
            return source.replace(b"\n", chance.choice((b"\r\n", b"\r", b"\n\f", b"\\\n")))
        case 3:
            return source.replace(b"    ", b"\t", chance.randrange(1, 20))
        case _:
            place = chance.randrange(len(source) + 1)
            return (
                source[:place]
                + bytes([chance.choice((0, 7, 12, 26, 128, 192, 255, 92, 35, 123))])
                + source[place + chance.randrange(2) :]
            )


CHANGES: tuple[Change, ...] = (
    _statements,
    _statements,
    _tokens,
    _tokens,
    _names,
    _names,
    _literals,
    _literals,
    _wrap,
    _cut,
    _splice,
    _bytes,
)
