"""Which format a YAML file is in, by its content alone: native, Airflow's own, dag-factory's, or somebody else's."""

from __future__ import annotations

import enum
import re

from goflow.parser.yaml.native import looks_native


class Kind(enum.Enum):
    """A format of DAG files in YAML."""

    NATIVE = "native YAML"
    AIRFLOW = "Airflow's own YAML"
    DAG_FACTORY = "dag-factory's YAML"


_SCHEMA = b"https://airflow.apache.org/schemas/dag/"
_TASKS = re.compile(rb"\btasks[\"']?[ \t]*:")
_OPERATOR = re.compile(rb"\b(?:operator|decorator)[\"']?[ \t]*:[ \t]*[\"']?\w+(?:\.\w+)+")
_NOT_DAGS = frozenset({"task_groups"})
_DOTTED = re.compile(r"\w+(\.\w+)+\Z")


def kind_of(content: bytes) -> Kind | None:
    """The format of a file with CONTENT; None: it is data of somebody else's.

    * Airflow's own: it says ``$schema`` and has the address of Airflow's schema, as its ``YamlDagImporter`` looks for.
    * Native: at its outermost level it has a ``Name`` and one of ``Command``, ``DockerImage``, ``Schedule``, ``Tasks``.
    * dag-factory's: an entry of its outermost level has ``tasks``, one of which has an ``operator`` or a ``decorator``
      that is a dotted path.
    """
    if b"$schema" in content and _SCHEMA in content:
        return Kind.AIRFLOW
    if looks_native(content):
        return Kind.NATIVE
    if _TASKS.search(content) and _OPERATOR.search(content) and _has_tasks(content):
        return Kind.DAG_FACTORY
    return None


def _has_tasks(content: bytes) -> bool:
    """Whether ``entry: tasks: task: operator: a.b`` stands in it; also where it is no YAML any more further down."""
    import yaml

    try:
        return _Shape().has_tasks(content.decode("utf-8-sig", "replace"))
    except (yaml.YAMLError, ValueError, OverflowError):  # the latter for characters and versions that are none
        return True  # with a task that names its operator: whose else could it be?


class _Shape:
    """Follows the parser's events, and keeps the way to where they are."""

    def __init__(self) -> None:
        self.keys: list[str | None] = []  # per open collection: None for a list; a mapping's key, "" when one is due
        self.is_key: list[bool] = []  # per open collection: whether it is itself the key of a mapping

    def has_tasks(self, text: str) -> bool:
        """Whether there is such a task in TEXT. Raises what PyYAML raises."""
        import yaml

        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            if isinstance(event, yaml.CollectionStartEvent):
                self.is_key.append(self._key_is_due())
                self.keys.append("" if isinstance(event, yaml.MappingStartEvent) else None)
            elif isinstance(event, yaml.CollectionEndEvent):
                self.keys.pop()
                self._ended("?" if self.is_key.pop() else "")
            elif isinstance(event, yaml.ScalarEvent | yaml.AliasEvent):
                value = event.value if isinstance(event, yaml.ScalarEvent) else "?"
                if self._fits(value):
                    return True
                self._ended((value or "?") if self._key_is_due() else "")
        return False

    def _key_is_due(self) -> bool:
        return bool(self.keys and self.keys[-1] == "")

    def _ended(self, key: str) -> None:
        """A key or a value is over; KEY is what the mapping around it stands at now."""
        if self.keys and self.keys[-1] is not None:
            self.keys[-1] = key

    def _fits(self, value: str) -> bool:
        if len(self.keys) != 4 or self.keys[1] != "tasks" or self.keys[0] in {None, *_NOT_DAGS}:
            return False
        return self.keys[3] in {"operator", "decorator"} and bool(_DOTTED.match(value))
