"""Which Airflow the text of a file is written for, told without reading it as Python (decision 5).

Only what fails for certain under the other dialect counts: an import at the left margin, so that it stands in no
``try`` and no ``if``, and an argument of DAG that only one of them takes. Reading a file tells more, but the files of a
whole folder are asked before any of them is read: sixty microseconds for each.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator

from goflow.domain.spec import Dialect
from goflow.parser.libraries.airflow.import_paths import has_module, has_name

ARGUMENTS: dict[Dialect, frozenset[str]] = {
    Dialect.AIRFLOW2: frozenset(
        {"schedule_interval", "timetable", "full_filepath", "concurrency", "default_view", "orientation", "fail_stop"}
    ),
    Dialect.AIRFLOW3: frozenset(
        {"deadline", "fail_fast", "allowed_run_types", "disable_bundle_versioning", "rerun_with_latest_version"}
    ),
}
"""The arguments of DAG that the other dialect refuses."""

_IMPORT = re.compile(
    rb"^(?:from[ \t]+(airflow[\w.]*)[ \t]+import[ \t]+(\([^()]*\)|[^\n#(]*)|import[ \t]+(airflow\.[\w.]+))",
    re.MULTILINE,
)
_NAME = re.compile(r"\s*(\w+)(?:\s+as\s+\w+)?\s*\Z")
_COMMENT = re.compile(r"#[^\n]*")
_DAG_CALL = re.compile(rb"(?<!\w)DAG\(|(?<=@)dag\(|(?<=\.)dag\(")
_MENTIONED = [name.encode() for names in ARGUMENTS.values() for name in sorted(names)]
_PART = re.compile(
    rb"\'(?:\\.|[^\'\\\n])*\'|\"(?:\\.|[^\"\\\n])*\"|#[^\n]*|(?P<open>[(\[{])|(?P<close>[)\]}])"
    rb"|(?P<name>\b[A-Za-z_]\w*)[ ]*=(?!=)"
)
_MOST_CALLS, _LONGEST_CALL = 20, 4000


def told_by(content: bytes) -> Dialect | None:
    """The one dialect that CONTENT, the text of a Python file, can be for; None where nothing tells, or both."""
    if b"airflow" not in content:
        return None
    if b'"""' in content:  # what is quoted in a docstring is no code
        content = b"".join(content.split(b'"""')[::2])
    told = {*_by_imports(content), *_by_arguments(content)}
    return told.pop() if len(told) == 1 else None


def _by_imports(content: bytes) -> Iterator[Dialect]:
    for found in _IMPORT.finditer(content):
        only = _by_import(found[1] or b"", found[2] or b"", found[3] or b"")
        if only is not None:
            yield only


@functools.lru_cache(maxsize=4096)
def _by_import(module: bytes, names: bytes, whole: bytes) -> Dialect | None:
    """By ``from MODULE import NAMES``, or by ``import WHOLE``; None: nothing, or both."""
    place = (whole or module).decode("utf-8", "replace")
    only = _only(*(has_module(place, dialect) for dialect in Dialect))
    if only is not None or whole:
        return only
    parts = _COMMENT.sub("", names.decode("utf-8", "replace")).strip("() \t\r").split(",")
    named = [found[1] for found in map(_NAME.match, parts) if found is not None]
    told = {_only(*(has_name(place, name, dialect) for dialect in Dialect)) for name in named} - {None}
    return told.pop() if len(told) == 1 else None


def _by_arguments(content: bytes) -> Iterator[Dialect]:
    """By the arguments of calls of DAG, as far as they stand in the call itself."""
    if not any(name in content for name in _MENTIONED):
        return
    for number, call in enumerate(_DAG_CALL.finditer(content)):
        if number == _MOST_CALLS:
            return
        depth = 1
        for part in _PART.finditer(content, call.end(), call.end() + _LONGEST_CALL):
            depth += bool(part["open"]) - bool(part["close"])
            if depth == 0:
                break
            name = (part["name"] or b"").decode()
            if depth == 1 and name:
                yield from (dialect for dialect, names in ARGUMENTS.items() if name in names)


def _only(airflow2: bool | None, airflow3: bool | None) -> Dialect | None:
    if airflow2 is True and airflow3 is False:
        return Dialect.AIRFLOW2
    return Dialect.AIRFLOW3 if airflow3 is True and airflow2 is False else None
