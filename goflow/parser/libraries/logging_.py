"""``logging``, ``warnings``, ``pprint``, ``structlog``, ``loguru``: said while a file is read, and passed over."""

from __future__ import annotations

import logging
from typing import Any

from goflow.parser.interpreter.classes import ClassValue
from goflow.parser.interpreter.session import Session
from goflow.parser.interpreter.values import Arguments, At, Keywords, Raised, Value
from goflow.parser.libraries.registry import function, ignored_function, module


class Quiet(Value):
    """A logger, handler or filter: every method does nothing and gives itself."""

    type_name = "Logger"

    def __init__(self, name: str = "root") -> None:
        self.name = name

    def get_attribute(self, name: str, at: At) -> Any:
        """A method that does nothing."""
        return {"name": self.name, "level": 0, "handlers": [], "filters": []}.get(name, self)

    def set_attribute(self, name: str, value: Any, at: At) -> None:
        """Passed over."""

    def call(self, args: Arguments, kwargs: Keywords, at: At) -> Any:
        """Nothing."""
        return self

    def enter(self, at: At) -> Any:
        """Itself."""
        return self

    def leave(self, problem: Raised | None, at: At) -> bool:
        """Nothing is dealt with."""
        return False


QUIET = Quiet()


def _logger(at: At, name: Any = None) -> Any:
    return Quiet(name) if isinstance(name, str) and name else QUIET


def _quiet_class(name: str) -> ClassValue:
    return ClassValue(name, module_name="logging", construct=lambda cls, args, kwargs, at: QUIET)


@module("logging")
def build(session: Session) -> dict[str, Any]:
    """``logging``."""
    levels = {
        name: getattr(logging, name)
        for name in ("NOTSET", "DEBUG", "INFO", "WARNING", "WARN", "ERROR", "CRITICAL", "FATAL")
    }
    said = ("debug", "info", "warning", "warn", "error", "critical", "exception", "log", "basicConfig", "disable",
            "captureWarnings", "addLevelName")  # fmt: skip
    classes = {name: _quiet_class(name) for name in ("Logger", "Handler", "StreamHandler", "FileHandler", "Formatter",
                                                     "Filter", "LoggerAdapter", "NullHandler")}  # fmt: skip
    return {
        **levels,
        **{name: ignored_function(name) for name in said},
        **classes,
        "getLogger": function("getLogger", _logger, takes_unknown=True),
        "root": QUIET,
    }


@module("logging.config")
@module("logging.handlers")
def build_config(session: Session) -> dict[str, Any]:
    """``logging.config``."""
    return {"dictConfig": ignored_function("dictConfig"), "fileConfig": ignored_function("fileConfig")}


@module("warnings")
def build_warnings(session: Session) -> dict[str, Any]:
    """``warnings``."""
    names = ("warn", "filterwarnings", "simplefilter", "resetwarnings", "warn_explicit")
    return {**{name: ignored_function(name) for name in names},
            "catch_warnings": function("catch_warnings", lambda at, **k: QUIET)}  # fmt: skip


@module("structlog")
def build_structlog(session: Session) -> dict[str, Any]:
    """``structlog``."""
    get = function("get_logger", lambda at, *a, **k: QUIET, takes_unknown=True)
    return {"get_logger": get, "getLogger": get, "configure": ignored_function("configure")}


@module("loguru")
def build_loguru(session: Session) -> dict[str, Any]:
    """``loguru``."""
    return {"logger": QUIET}
