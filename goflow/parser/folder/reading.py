"""The text of `goflow.yaml` to a `FolderConfig`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from goflow.domain.canonical import Json, digest_bytes
from goflow.domain.spec import Dialect, RuntimeSpec
from goflow.parser.folder.config import CONFIG_NAME, FolderConfig
from goflow.parser.folder.keys import CONFIG, FILE_KEYS
from goflow.parser.folder.regular import read_regular
from goflow.parser.folder.settings import Rule, Settings
from goflow.parser.yaml.nodes import Mapping, Node, documents, plain
from goflow.parser.yaml.shapes import INVALID, Given, Reader


def read_config(root: Path, content: bytes) -> FolderConfig:
    """What `goflow.yaml` with CONTENT says about the folder ROOT; what is wrong in it is left out and told."""
    nodes, faults = documents(content, CONFIG_NAME)
    reader = Reader(CONFIG_NAME, diagnostics=faults)
    closure: dict[str, str | None] = {CONFIG_NAME: digest_bytes(content)}
    if len(nodes) > 1:
        reader.tell("GF402", nodes[1], "goflow.yaml is one document, and here a second begins")
    given = CONFIG.read(nodes[0], reader) if nodes else INVALID
    if not isinstance(given, Given):
        return FolderConfig(root, diagnostics=tuple(reader.diagnostics), closure=closure)
    maker = _Maker(root, reader, closure)
    settings = maker.settings(given)
    rules = tuple(maker.rule(rule) for rule in given.get("rules", ()))
    return FolderConfig(
        root=root,
        settings=settings,
        rules=rules,
        safe_mode=given.get("safe_mode", True),
        ignore_syntax=given.get("ignore_syntax"),
        diagnostics=tuple(sorted(reader.diagnostics, key=lambda finding: (finding.span.line, finding.span.column))),
        closure=closure,
    )


class _Maker:
    def __init__(self, root: Path, reader: Reader, closure: dict[str, str | None]) -> None:
        self.root, self.reader, self.closure = root, reader, closure

    def rule(self, given: Given) -> Rule:
        path, dag, task = (given.get(name, ()) for name in ("path", "dag", "task"))
        if not {"path", "dag", "task"} & set(given.nodes):
            hint = "what holds for everything stands at the top of the file"
            self.reader.tell("GF403", given.node, "a rule needs a path, a dag or a task", hint)
        if dag or task:
            for key in FILE_KEYS:
                if key.name in given.nodes:
                    words = f"{key.name} holds for whole files: a rule with dag or task cannot say it"
                    self.reader.tell("GF402", given.nodes[key.name], words, "put it into a rule with path alone")
        return Rule(path, dag, task, self.settings(given))

    def settings(self, given: Given) -> Settings:
        dialect = given.get("dialect")
        return Settings(
            dialect=Dialect(dialect) if dialect else None,
            import_mode=given.get("import_mode"),
            import_from=given.get("import_from"),
            import_roots=self._import_roots(given),
            python=given.get("python"),
            absent_modules=given.get("absent_modules", ()),
            variables=given.get("variables"),
            connections=given.get("connections"),
            runtime=RuntimeSpec(
                image=given.get("image"),
                namespace=given.get("namespace"),
                service_account=given.get("service_account"),
                environment=given.get("environment", {}),
                environment_from_secrets=given.get("environment_from_secrets", {}),
                resources=_resources(given.get("resources")),
                labels=given.get("labels", {}),
                annotations=given.get("annotations", {}),
                pod_template=self._pod_template(given),
                runtime=given.get("runtime"),
                own_clusters=given.get("own_clusters"),
                python=given.get("python"),
            ),
        )

    def _import_roots(self, given: Given) -> tuple[str, ...]:
        """Those inside the folder: no other is kept with a version, and what may be read elsewhere the daemon says."""
        said: tuple[str, ...] = given.get("import_roots", ())
        inside = tuple(root for root in said if (self.root / root).resolve().is_relative_to(self.root.resolve()))
        for root in said:
            if root not in inside:
                hint = "folders outside it are for GoFlow's own setting import_roots (GOFLOW_IMPORT_ROOTS, --sys-path)"
                self.reader.tell("GF402", given.nodes["import_roots"], f"{root!r} is outside the DAG folder", hint)
        return inside

    def _pod_template(self, given: Given) -> Json:
        """The fragment itself, or what the file that is named has."""
        said: Any = given.get("pod_template")
        if not isinstance(said, str):
            return said  # type: ignore[no-any-return]
        node = given.nodes["pod_template"]
        path = (self.root / said).resolve()
        if not path.is_relative_to(self.root.resolve()):
            self.reader.tell("GF402", node, f"{said!r} is outside the DAG folder")
            return None
        try:
            content = read_regular(path)
        except OSError as error:
            self.closure[said] = None
            self.reader.tell("GF402", node, f"{said!r} cannot be read: {error.strerror}")
            return None
        self.closure[said] = digest_bytes(content)
        return self._template_of(content, said, node)

    def _template_of(self, content: bytes, path: str, node: Node) -> Json:
        nodes, faults = documents(content, path)
        self.reader.diagnostics += faults
        if len(nodes) != 1 or not isinstance(nodes[0], Mapping):
            if not faults:
                self.reader.tell("GF402", node, f"{path!r} is not a pod template: one mapping")
            return None
        template = plain(nodes[0])
        assert isinstance(template, dict)
        return {key: value for key, value in template.items() if key in {"metadata", "spec"}}


def _resources(given: Given | None) -> dict[str, Json]:
    return {name: dict(part) for name, part in given.values.items()} if given else {}
