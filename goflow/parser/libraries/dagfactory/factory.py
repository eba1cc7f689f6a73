"""``load_yaml_dags`` and ``DagFactory``: which files are read, which defaults hold, and what is put into ``globals()``.

The rules are those of dag-factory's ``dagfactory.py``.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Any

from goflow.domain.diagnostics import Severity
from goflow.parser.interpreter.classes import ClassValue, Instance
from goflow.parser.interpreter.session import Session
from goflow.parser.interpreter.values import At, NativeFunction, Raised, first_unknown
from goflow.parser.libraries.airflow.dialects import code_and_hint, other_dialect
from goflow.parser.libraries.airflow.exceptions import fail
from goflow.parser.libraries.dagfactory.building import Builder
from goflow.parser.libraries.dagfactory.documents import load
from goflow.parser.libraries.dagfactory.folder import config_files
from goflow.parser.libraries.dagfactory.shapes import CONFIG_EXCEPTION, EXCEPTION, as_mapping, exception_class, refuse
from goflow.parser.libraries.dagfactory.typed import settled
from goflow.parser.libraries.functools_ import copied
from goflow.parser.libraries.paths import exists, path_text
from goflow.parser.libraries.registry import function, module, native_class
from goflow.parser.yaml.located import Document

DEFAULTS_FILES = ("defaults.yml", "defaults.yaml")
NOT_DAGS = frozenset({"default", "task_groups"})
SUFFIXES = (".yaml", ".yml")


class Factory:
    """What makes the DAGs of one file or of one dictionary. FILE is a path as the DAG file sees it.

    FOLDER is where `defaults.yml` may lie at the top, DEFAULTS a dictionary instead of those files.
    OLD: dag-factory 0.x.
    """

    def __init__(self, at: At, file: str | None, config: Any, folder: str, defaults: Any, *, old: bool = False) -> None:
        if bool(file) == bool(config):
            fail(at, "AssertionError", "Either `config_filepath` or `config` should be provided", code="GF406")
        self.started_at, self.file, self.folder, self.old = at, file, folder, old
        self.defaults = defaults
        if file is None:
            self.document = Document(config, at)
            self.config = config
            return
        if not file.startswith("/"):
            refuse(at, "DAG Factory `config_filepath` must be absolute path", "begin it with the DAG file's own folder")
        self.document, self.config = self._load(file)
        self.at = self.document.at()

    def _load(self, told: str) -> tuple[Document, Any]:
        at = self.started_at
        loader = at.session.loader
        real = loader.real(told)
        document = load(loader.read_text(real, at), loader.shown(real), at, old=self.old)
        return document, settled(document, old=self.old)

    def dags(self) -> dict[str, Any]:
        """The DAGs by their ids. Raises what dag-factory or Airflow refuse."""
        whole = self.document.at()
        config = as_mapping(self.config, whole, "a dag-factory file")
        everywhere = self._everywhere()
        default = as_mapping(config.get("default", {}), self.document.at(("default",)), "default")
        default["default_args"] = {
            **_part(everywhere, "default_args", self.started_at),
            **_part(default, "default_args", self.document.at(("default",))),
        }
        of_dags = self._merged([everywhere])
        found: dict[str, Any] = {}
        for name, entry in config.items():
            if name in NOT_DAGS:
                continue
            at = self.document.at((name,))
            entry = {**of_dags, **as_mapping(entry, at, f"the DAG {name!r}")}
            entry.setdefault("task_groups", {})
            builder = Builder(name, entry, default, self.document, old=self.old)
            dag_id, dag = at.session.guarded(lambda at, builder=builder: builder.build(), at, (), {}, "dag-factory")
            found[dag_id] = dag
        return found

    def names(self) -> list[str]:
        """The ids of the DAGs that the file means to have."""
        found = self.config if isinstance(self.config, dict) else {}
        return [str(name) for name in found if name not in NOT_DAGS]

    # -- defaults -------------------------------------------------------------------------------------------------

    def _everywhere(self) -> dict[Any, Any]:
        """What holds for all DAGs: the dictionary that was given, or the defaults files from the top down."""
        if self.defaults:
            return as_mapping(self.defaults, self.started_at, "defaults_config_dict")
        configs = [as_mapping(self._load(path)[1], self.started_at, path) for path in reversed(self._defaults_files())]
        arguments: dict[Any, Any] = {}
        for config in configs:
            arguments |= _part(config, "default_args", self.started_at)
        return {"default_args": arguments, **self._merged(configs)}

    def _merged(self, configs: Iterable[dict[Any, Any]]) -> dict[Any, Any]:
        """CONFIGS as one but for default_args; later ones win, tags are put together."""
        found: dict[Any, Any] = {}
        for config in configs:
            for key, value in config.items():
                if key == "tags" and isinstance(value, list):
                    found[key] = sorted({*found.get(key, []), *value})
                elif key != "default_args":
                    found[key] = value
        return found

    def _defaults_files(self) -> list[str]:
        """The paths of the defaults files that there are, the nearest to the DAG's file first."""
        found = []
        for folder in self._defaults_folders():
            for name in DEFAULTS_FILES[: 1 if self.old else 2]:
                path = posixpath.join(folder, name)
                if exists(path, self.started_at, "isfile") is True:
                    found.append(path)
                    break
        return found

    def _defaults_folders(self) -> list[str]:
        top = PurePosixPath(self.folder)
        above = list(PurePosixPath(self.file).parents) if self.file is not None and not self.old else []
        if top in above:
            return [str(path) for path in above[: above.index(top) + 1]]
        return [str(path) for path in ([above[0], top] if above else [top])]


def _part(config: dict[Any, Any], key: str, at: At) -> dict[Any, Any]:
    return as_mapping(config.get(key, {}), at, key)


# -- what DAG files call ----------------------------------------------------------------------------------------------


def load_yaml_dags(
    at: At,
    globals_dict: Any,
    dags_folder: Any = None,
    config_filepath: Any = None,
    defaults_config_path: Any = None,
    config_dict: Any = None,
    defaults_config_dict: Any = None,
    suffix: Any = None,
    default_args_config_path: Any = None,
) -> None:
    """``dagfactory.load_yaml_dags``; DEFAULT_ARGS_CONFIG_PATH is what 0.x calls DEFAULTS_CONFIG_PATH."""
    old = default_args_config_path is not None
    top = _dags_folder(at)
    folder = path_text(dags_folder) if dags_folder is not None else top
    defaults = path_text(default_args_config_path if old else defaults_config_path) or top
    unknown = first_unknown((globals_dict, folder, config_filepath, defaults, suffix))
    if unknown is not None:
        words = f"load_yaml_dags(...) may make DAGs that are not seen: it depends on {unknown.reason}"
        at.session.report("GF103", words, at, severity=Severity.WARNING)
        return
    if defaults_config_dict and defaults != top:
        refuse(at, "Cannot pass both `default_args_config_dict` and `defaults_config_path`.", kind=EXCEPTION)
    if config_filepath or config_dict:
        file = path_text(config_filepath) if config_filepath else None
        config = None if file else copied(config_dict, at, deep=True)
        _register(Factory(at, file, config, defaults, defaults_config_dict, old=old).dags(), globals_dict, at)
        return
    endings = SUFFIXES if suffix is None else (suffix,) if isinstance(suffix, str) and old else tuple(suffix)
    for path in config_files(folder, endings, at):
        _load_one(path, defaults, defaults_config_dict, globals_dict, at, old=old)


def _dags_folder(at: At) -> str:
    """Airflow's ``core.dags_folder``, which stands for folders that are not given."""
    library: Any = at.session.loader.library("airflow.configuration")
    conf = library.get_attribute("conf", at)
    return str(conf.get_attribute("get", at).call(["core", "dags_folder"], {}, at))


def _load_one(path: str, folder: str, defaults: Any, names: Any, at: At, *, old: bool) -> None:
    """The DAGs of one file of a folder. dag-factory logs what is wrong with it and goes on with the next one."""
    session = at.session
    made: Factory | None = None
    try:
        made = Factory(at, path, None, folder, defaults, old=old)
        dags = made.dags()
    except Raised as problem:
        if other_dialect(problem, session) is not None:
            raise
        if posixpath.basename(path) in DEFAULTS_FILES:  # dag-factory tries these, too
            return
        code, hint = code_and_hint(problem, session)
        hint = hint or "dag-factory logs this and goes on: no DAG of this file is there"
        for dag_id in made.names() if made is not None else [None]:
            severity = Severity.WARNING if dag_id is None else Severity.ERROR
            session.report(code, problem.message, problem.at, severity=severity, hint=hint, dag_id=dag_id)
        return
    _register(dags, names, at)


def _register(dags: dict[str, Any], names: Any, at: At) -> None:
    if not isinstance(names, dict):
        fail(at, "TypeError", "globals_dict has to be globals()", code="GF406")
    at.session.journal.touch(names)
    names.update(dags)


def _construct(cls: ClassValue, args: Any, kwargs: dict[str, Any], at: At) -> Any:
    """``DagFactory(config_filepath, config, default_args_config_path, default_args_config_dict)`` of 0.x."""
    order = ("config_filepath", "config", "default_args_config_path", "default_args_config_dict")
    given = {**dict(zip(order, args, strict=False)), **kwargs}
    unknown = first_unknown(given)
    if unknown is not None:
        return unknown
    file, config, folder, defaults = (given.get(name) for name in order)
    made = Instance(cls)
    path = path_text(file) if file is not None else None
    made.data = Factory(at, path, config, path_text(folder) or _dags_folder(at), defaults, old=True)
    return made


def _generate(at: At, self: Instance, names: Any) -> None:
    _register(self.data.dags(), names, at)


@module("dagfactory")
def build(session: Session) -> dict[str, Any]:
    """``dagfactory``."""
    made = native_class("DagFactory", "dagfactory")
    made.construct = _construct
    made.attributes["generate_dags"] = NativeFunction("generate_dags", _generate)
    made.attributes["clean_dags"] = NativeFunction("clean_dags", lambda at, self, names: None)
    return {"load_yaml_dags": function("load_yaml_dags", load_yaml_dags, takes_unknown=True), "DagFactory": made}


@module("dagfactory.exceptions")
def build_exceptions(session: Session) -> dict[str, Any]:
    """``dagfactory.exceptions``."""
    return {kind.rpartition(".")[2]: exception_class(session, kind) for kind in (EXCEPTION, CONFIG_EXCEPTION)}


@module("dagfactory.dagfactory")
def build_inner(session: Session) -> dict[str, Any]:
    """``dagfactory.dagfactory``."""
    found: Any = session.loader.library("dagfactory")
    return dict(found.names)
