"""`goflow.yaml`: read with positions, and asked for what holds for a file, a DAG or a task (decision 6)."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from goflow.domain.canonical import digest_bytes
from goflow.domain.diagnostics import Diagnostic, Severity, Span
from goflow.domain.patterns import allows
from goflow.domain.precedence import over
from goflow.domain.spec import DagSpec, Dialect, Inputs, RuntimeSpec
from goflow.parser.folder.ignore import Syntax
from goflow.parser.folder.regular import read_regular
from goflow.parser.folder.settings import ImportMode, Rule, Settings, merged

CONFIG_NAME = "goflow.yaml"


@dataclass(frozen=True, slots=True)
class FileSettings:
    """What holds for one file while it is read. DIALECT is None where nothing is said. RUNTIME is for a Job that runs
    the file to read it. DIAGNOSTICS are the errors of `goflow.yaml` itself: while it has any, no file of the folder is
    taken anew."""

    dialect: Dialect | None = None
    import_mode: ImportMode | None = None
    runtime: RuntimeSpec = field(default_factory=RuntimeSpec)
    import_roots: tuple[Path, ...] = ()
    python: str = ""
    absent_modules: tuple[str, ...] = ()
    variables: tuple[str, ...] | None = None
    connections: tuple[str, ...] | None = None
    safe_mode: bool = True
    diagnostics: tuple[Diagnostic, ...] = ()

    def inputs(self, inputs: Inputs) -> Inputs:
        """INPUTS as this file may see them: Variables and Connections that it may not read are absent, and the
        folder's environment stands over what was given."""
        return Inputs(
            variables=_allowed(inputs.variables, self.variables),
            environment={
                name: value
                for name, value in {**inputs.environment, **self.runtime.environment}.items()
                if name not in self.runtime.environment_from_secrets
            },
            secret_environment=inputs.secret_environment.difference(self.runtime.environment).union(
                self.runtime.environment_from_secrets
            ),
            connections=_allowed(inputs.connections, self.connections),
            python=self.python or inputs.python,
            absent_modules=inputs.absent_modules.union(self.absent_modules),
        )


@dataclass(frozen=True, slots=True)
class FolderConfig:
    """What the folder ROOT says about itself; without a `goflow.yaml` it says nothing.

    CLOSURE maps `goflow.yaml` and the files it names to their sha256 (None: missing), relative to ROOT: readings of
    every file in the folder depend on them.
    """

    root: Path
    settings: Settings = field(default_factory=Settings)
    rules: tuple[Rule, ...] = ()
    safe_mode: bool = True
    ignore_syntax: Syntax | None = None
    diagnostics: tuple[Diagnostic, ...] = ()
    closure: Mapping[str, str | None] = field(default_factory=dict)

    @property
    def dialect(self) -> Dialect | None:
        """The dialect of the folder as a whole; None: not said."""
        return self.settings.dialect

    def for_file(self, path: str) -> FileSettings:
        """What holds for the file PATH, relative to the folder."""
        said = self._for_all_of(path)
        roots = [self.root / root for root in said.import_roots]
        if said.import_from == "beside":
            roots.insert(0, (self.root / path).parent)
        return FileSettings(
            dialect=said.dialect,
            import_mode=said.import_mode,
            runtime=said.runtime,
            import_roots=tuple(dict.fromkeys(roots)),
            python=said.python or "",
            absent_modules=said.absent_modules,
            variables=said.variables,
            connections=said.connections,
            safe_mode=self.safe_mode,
            diagnostics=tuple(d for d in self.diagnostics if d.severity is Severity.ERROR),
        )

    def for_(self, path: str, dag_id: str, task_id: str) -> RuntimeSpec:
        """Where and how the task runs, as far as `goflow.yaml` says. Rules for tasks win over those for DAGs and
        files; among each, later ones over earlier."""
        return over(self._for_task(path, dag_id, task_id), self._for_dag(path, dag_id))

    def apply(self, dag: DagSpec, path: str) -> DagSpec:
        """DAG with what is said about it and its tasks filled in; its own file's word stands over it."""
        tasks = dag.tasks
        if any(rule.task for rule in self.rules):
            tasks = tuple(
                replace(task, runtime=over(task.runtime, self._for_task(path, dag.dag_id, task.task_id)))
                for task in tasks
            )
        said = self._for_all_of(path)
        runtime = over(dag.runtime, self._for_dag(path, dag.dag_id))
        if runtime.own_clusters:  # what a task is converted by stands with the task
            below = RuntimeSpec(own_clusters=runtime.own_clusters)
            tasks = tuple(replace(task, runtime=over(task.runtime, below)) for task in tasks)
        return replace(
            dag,
            runtime=runtime,
            variables=said.variables,
            connections=said.connections,
            tasks=tasks,
        )

    def _for_all_of(self, path: str) -> Settings:
        """What is said of the file PATH as a whole."""
        return merged([self.settings, *(rule.settings for rule in self._rules(path) if not (rule.dag or rule.task))])

    def _for_dag(self, path: str, dag_id: str) -> RuntimeSpec:
        rules = [rule for rule in self._rules(path) if not rule.task and _one_of(rule.dag, dag_id)]
        return merged([self.settings, *(rule.settings for rule in rules)]).runtime

    def _for_task(self, path: str, dag_id: str, task_id: str) -> RuntimeSpec:
        rules = [
            rule
            for rule in self._rules(path)
            if rule.task and _one_of(rule.task, task_id) and _one_of(rule.dag, dag_id)
        ]
        return merged([rule.settings for rule in rules]).runtime

    def _rules(self, path: str) -> Iterator[Rule]:
        """The rules whose path pattern, if any, has PATH."""
        return (rule for rule in self.rules if not rule.path or _path_matches(rule.path, path))


def folder_config(root: Path) -> FolderConfig:
    """What ROOT's `goflow.yaml` says. Never raises: what is wrong with it is among its diagnostics."""
    try:
        content = read_regular(root / CONFIG_NAME)
    except (FileNotFoundError, NotADirectoryError):
        return FolderConfig(root, closure={CONFIG_NAME: None})
    except OSError as problem:
        fault = Diagnostic("GF001", f"goflow.yaml cannot be read: {problem.strerror}", Span(CONFIG_NAME))
        return FolderConfig(root, diagnostics=(fault,), closure={CONFIG_NAME: None})
    known = _read(root, content)
    if _unchanged(known):
        return known
    _read.cache_clear()
    return _read(root, content)


@functools.lru_cache(maxsize=8)
def _read(root: Path, content: bytes) -> FolderConfig:
    from goflow.parser.folder.reading import read_config

    return read_config(root, content)


def _unchanged(config: FolderConfig) -> bool:
    """Whether the files that `goflow.yaml` names are still those that were read."""
    for name, known in config.closure.items():
        if name != CONFIG_NAME:
            try:
                now: str | None = digest_bytes(read_regular(config.root / name))
            except OSError:
                now = None
            if now != known:
                return False
    return True


def _one_of(patterns: tuple[str, ...], name: str) -> bool:
    return allows(patterns or None, name)


def _allowed(values: Mapping[str, str], patterns: tuple[str, ...] | None) -> Mapping[str, str]:
    return values if patterns is None else {name: value for name, value in values.items() if allows(patterns, name)}


@functools.lru_cache(maxsize=256)
def _path_matches(patterns: tuple[str, ...], path: str) -> bool:
    from pathspec import GitIgnoreSpec

    return GitIgnoreSpec.from_lines(patterns).match_file(path)
