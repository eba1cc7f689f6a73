"""What each diagnostic means, with an example that has it and one that does not: the texts in ``codes/``.

`goflow explain`, docs/diagnostics.md and SARIF documents are made of them, and a test reads every example.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources

from goflow.domain.diagnostics import CODES, Severity

FAMILIES = {
    "GF0": "The file itself",
    "GF1": "Not known before run time",
    "GF2": "What Airflow itself would refuse",
    "GF3": "Read rightly, but not run yet",
    "GF4": "YAML",
    "GF5": "Notices",
}
"""The beginnings of codes that belong together, with what they have in common."""
_BLOCK = re.compile(r"^```(\w+)(?: (\S+))?(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_MARK = re.compile(r"  # <-- (GF\d+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class ExampleFile:
    """A file of an example: its NAME in the folder (``archive.zip/name``: in an archive), its TEXT and ENCODING, and
    the LINE that the diagnostic stands at (0: none in this file)."""

    name: str
    text: str
    encoding: str = "utf-8"
    line: int = 0


@dataclass(frozen=True, slots=True)
class Explanation:
    """What there is to say of CODE: its TITLE in one sentence, the SEVERITIES that it comes with (the usual one first),
    the WORDS about it as Markdown, and the EXAMPLES as Markdown, whose files are FAILS and PASSES."""

    code: str
    title: str
    severities: tuple[Severity, ...]
    words: str
    examples: str = ""
    fails: tuple[ExampleFile, ...] = field(default=())
    passes: tuple[ExampleFile, ...] = field(default=())

    def markdown(self) -> str:
        """The whole of it, without a heading."""
        kinds = " or ".join(str(severity) for severity in self.severities)
        parts = [self.title, f"Severity: {kinds}.", self.words, self.examples]
        return "\n\n".join(part for part in parts if part) + "\n"


@functools.cache
def explanations() -> Mapping[str, Explanation]:
    """The explanation of every code, in their order."""
    return {code: _read(code) for code in sorted(CODES)}


def _read(code: str) -> Explanation:
    text = (resources.files("goflow.domain") / "codes" / f"{code}.md").read_text(encoding="utf-8")
    first, _, rest = text.partition("\n")
    severities = tuple(Severity(word.strip()) for word in first.removeprefix("Severity:").split(","))
    words, _, examples = rest.partition("\nFails:\n")
    fails, _, passes = examples.partition("\nPasses:\n")
    return Explanation(
        code=code,
        title=CODES[code],
        severities=severities,
        words=words.strip(),
        examples=_shown(examples),
        fails=_files(fails),
        passes=_files(passes),
    )


def _files(text: str) -> tuple[ExampleFile, ...]:
    found = []
    for language, name, encoding, body in _BLOCK.findall(text):
        mark = _MARK.search(body)
        line = 0 if mark is None else body.count("\n", 0, mark.start()) + 1
        suffix = {"python": "py"}.get(language, language)
        found.append(ExampleFile(name or f"example.{suffix}", _MARK.sub("", body), encoding or "utf-8", line))
    return tuple(found)


def _shown(examples: str) -> str:
    """The examples as people see them: the name of a file, where it matters, in words before it."""
    if not examples:
        return ""

    def block(found: re.Match[str]) -> str:
        language, name, encoding, body = found.groups()
        told = f"`{name}`" + (f", saved as {encoding}:" if encoding else ":")
        return (f"{told}\n\n" if name else "") + f"```{language}\n{body}```"

    return f"Fails:\n\n{_BLOCK.sub(block, examples.strip())}"
