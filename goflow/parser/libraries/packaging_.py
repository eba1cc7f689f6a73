"""``packaging.version``: versions that files compare, most often Airflow's own."""

from __future__ import annotations

import re
from typing import Any

from goflow.parser.interpreter.classes import ClassValue
from goflow.parser.interpreter.session import Session
from goflow.parser.interpreter.values import At, Unknown, Value, raised
from goflow.parser.libraries.registry import function, module

_FORM = re.compile(
    r"""\s*v?(?:(?P<epoch>\d+)!)?(?P<release>\d+(?:\.\d+)*)
    (?:[-_.]?(?P<pre>alpha|a|beta|b|preview|pre|c|rc)[-_.]?(?P<pre_n>\d*))?
    (?:-(?P<post_1>\d+)|[-_.]?(?P<post>post|rev|r)[-_.]?(?P<post_n>\d*))?
    (?:[-_.]?(?P<dev>dev)[-_.]?(?P<dev_n>\d*))?
    (?:\+(?P<local>[a-z0-9]+(?:[-_.][a-z0-9]+)*))?\s*""",
    re.VERBOSE | re.IGNORECASE,
)
"""What a version looks like (the Python packaging standard, version specifiers)."""
_PRE = {"alpha": "a", "a": "a", "beta": "b", "b": "b", "preview": "rc", "pre": "rc", "c": "rc", "rc": "rc"}
_BEFORE, _AFTER = (-1,), (9,)


class VersionValue(Value):
    """``packaging.version.Version``."""

    type_name = "Version"

    def __init__(
        self,
        epoch: int,
        release: tuple[int, ...],
        pre: tuple[str, int] | None,
        post: int | None,
        dev: int | None,
        local: str | None,
    ) -> None:
        self.epoch, self.release, self.pre, self.post, self.dev, self.local = epoch, release, pre, post, dev, local

    def key(self) -> tuple[Any, ...]:
        """What the order of versions goes by: zeros at the end count for nothing, and a development release comes
        before the release that it leads to."""
        release = self.release
        while len(release) > 1 and release[-1] == 0:
            release = release[:-1]
        pre: tuple[int, ...] = _AFTER if self.post is not None or self.dev is None else _BEFORE
        if self.pre is not None:
            pre = ("abr".index(self.pre[0][0]), self.pre[1])
        post = -1 if self.post is None else self.post
        dev = float("inf") if self.dev is None else self.dev
        local = tuple((1, int(p), "") if p.isdigit() else (0, 0, p) for p in re.split(r"[-_.]", self.local or ""))
        return (self.epoch, release, pre, post, dev, () if self.local is None else local)

    def base(self) -> str:
        return f"{self.epoch}!" * bool(self.epoch) + ".".join(map(str, self.release))

    def public(self) -> str:
        pre = "" if self.pre is None else f"{self.pre[0]}{self.pre[1]}"
        post = "" if self.post is None else f".post{self.post}"
        return f"{self.base()}{pre}{post}" + ("" if self.dev is None else f".dev{self.dev}")

    def get_attribute(self, name: str, at: At) -> Any:
        """Its parts."""
        padded = (*self.release, 0, 0)
        found = {
            "major": padded[0],
            "minor": padded[1],
            "micro": padded[2],
            "release": self.release,
            "epoch": self.epoch,
            "pre": self.pre,
            "post": self.post,
            "dev": self.dev,
            "local": self.local,
            "base_version": self.base(),
            "public": self.public(),
            "is_prerelease": self.pre is not None or self.dev is not None,
            "is_postrelease": self.post is not None,
            "is_devrelease": self.dev is not None,
        }
        return found[name] if name in found else super().get_attribute(name, at)

    def binary(self, operator: str, other: Any, at: At, *, reflected: bool) -> Any:
        """Comparisons with other versions."""
        if not isinstance(other, VersionValue):
            return {"==": False, "!=": True}.get(operator, NotImplemented)
        mine, theirs = (other.key(), self.key()) if reflected else (self.key(), other.key())
        match operator:
            case "<":
                return mine < theirs
            case "<=":
                return mine <= theirs
            case ">":
                return mine > theirs
            case ">=":
                return mine >= theirs
            case "==" | "!=":
                return (mine == theirs) == (operator == "==")
        return NotImplemented

    def text(self, at: At) -> Any:
        """In its normal form."""
        return self.public() + ("" if self.local is None else f"+{self.local}")

    def representation(self, at: At) -> Any:
        """``<Version('3.3.2')>``."""
        return f"<Version('{self.text(at)}')>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, VersionValue) and self.key() == other.key()

    def __hash__(self) -> int:
        return hash(self.key())


def _version(at: At, version: Any) -> Any:
    """``Version("3.3.2")`` and ``parse``. Raises InvalidVersion, a ValueError."""
    if isinstance(version, Unknown | VersionValue):
        return version
    if not isinstance(version, str):
        raised(at, "TypeError", f"expected string or bytes-like object, got '{type(version).__name__}'")
    found = _FORM.fullmatch(version)
    if found is None:
        raised(at, at.session.exceptions["packaging.version.InvalidVersion"], f"Invalid version: {version!r}")
    pre = (_PRE[found["pre"].lower()], int(found["pre_n"] or 0)) if found["pre"] else None
    post = int(found["post_1"]) if found["post_1"] else int(found["post_n"] or 0) if found["post"] else None
    dev = int(found["dev_n"] or 0) if found["dev"] else None
    local = re.sub(r"[-_]", ".", found["local"].lower()) if found["local"] else None
    release = tuple(map(int, found["release"].split(".")))
    return VersionValue(int(found["epoch"] or 0), release, pre, post, dev, local)


def _construct(cls: ClassValue, args: Any, kwargs: Any, at: At) -> Any:
    return _version(at, *args, **kwargs)


@module("packaging.version")
def build(session: Session) -> dict[str, Any]:
    """``packaging.version``."""
    cls = ClassValue("Version", (), {}, module_name="packaging.version", construct=_construct)
    return {
        "Version": cls,
        "parse": function("parse", _version),
        "InvalidVersion": session.exceptions["packaging.version.InvalidVersion"],
    }


@module("packaging")
def build_packaging(session: Session) -> dict[str, Any]:
    """``packaging``: its modules are found on demand."""
    return {}
