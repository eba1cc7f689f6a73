"""Airflow's enumerations (TriggerRule, WeightRule, states ...), whose members are texts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from goflow.domain.spec import Dialect
from goflow.parser.interpreter.classes import ClassValue, Instance
from goflow.parser.interpreter.session import Session
from goflow.parser.interpreter.values import Arguments, At, Keywords, Unknown, Value, raised
from goflow.parser.libraries.airflow.state import native, state_of
from goflow.parser.libraries.airflow.words import words

_RULES = words(
    """all_success all_failed all_done all_done_setup_success one_success one_failed one_done none_failed
        none_skipped always none_failed_min_one_success all_skipped"""
)
TRIGGER_RULES: Mapping[Dialect, tuple[str, ...]] = {
    Dialect.AIRFLOW2: (*_RULES, "none_failed_or_skipped", "dummy"),
    Dialect.AIRFLOW3: (*_RULES, "all_done_min_one_success"),
}
WEIGHT_RULES = ("downstream", "upstream", "absolute")
TASK_STATES = words(
    """removed scheduled queued running success restarting failed up_for_retry up_for_reschedule upstream_failed
        skipped deferred"""
)
DAG_RUN_STATES = ("queued", "running", "success", "failed")
_WEEK_DAYS = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")


class EnumMember(Value):
    """One member. Where its VALUE is a text it behaves as that text does: comparison, ``str()``, attributes."""

    def __init__(self, cls: EnumClass, name: str, value: Any) -> None:
        self.cls = cls
        self.name = name
        self.value = value

    @property
    def type_name(self) -> str:  # type: ignore[override]
        """The enumeration's name."""
        return self.cls.name

    def __repr__(self) -> str:
        return f"<{self.cls.name}.{self.name}: {self.value!r}>"

    def __hash__(self) -> int:
        return hash(self.value)

    def __eq__(self, other: object) -> bool:
        return bool(self.value == (other.value if isinstance(other, EnumMember) else other))

    def get_attribute(self, name: str, at: At) -> Any:
        """``name``, ``value``, and what a text has."""
        if name in {"name", "_name_"}:
            return self.name
        if name in {"value", "_value_"}:
            return self.value
        if name == "__class__":
            return self.cls
        if isinstance(self.value, str):
            from goflow.parser.interpreter.host import get_attribute

            return get_attribute(self.value, name, at)
        return super().get_attribute(name, at)

    def binary(self, operator: str, other: Any, at: At, *, reflected: bool) -> Any:
        """As its value."""
        from goflow.parser.interpreter.operations import binary

        other = other.value if isinstance(other, EnumMember) else other
        if isinstance(other, Value):
            return NotImplemented
        return binary(operator, other, self.value, at) if reflected else binary(operator, self.value, other, at)

    def length(self, at: At) -> Any:
        """Of its text."""
        return len(self.value) if isinstance(self.value, str) else super().length(at)

    def text(self, at: At) -> Any:
        """Its value where the enumeration has a ``__str__`` that says so, else ``TriggerRule.ALL_DONE``."""
        return f"{self.cls.name}.{self.name}" if self.cls.shows_names else str(self.value)

    def representation(self, at: At) -> Any:
        """``<TriggerRule.ALL_DONE: 'all_done'>``."""
        return repr(self)


class EnumClass(ClassValue):
    """An enumeration; ``Class("value")`` gives the member of that value. SHOWS_NAMES: as text, members are names."""

    def __init__(self, path: str, members: Mapping[str, Any], shows_names: bool = False) -> None:
        module, _, name = path.rpartition(".")
        super().__init__(name, (), {}, module_name=module)
        self.shows_names = shows_names
        self.members = {key: EnumMember(self, key, value) for key, value in members.items()}
        self.attributes.update(self.members)
        self.attributes["__members__"] = dict(self.members)

    def call(self, args: Arguments, kwargs: Keywords, at: At) -> Any:
        """The member of that value. Raises ValueError."""
        if len(args) != 1:
            raised(at, "TypeError", f"{self.name} takes one value, and {len(args)} were given")
        wanted = args[0]
        if isinstance(wanted, Unknown):
            return wanted
        for member in self.members.values():
            if member == wanted:
                return member
        raised(at, "ValueError", f"{wanted!r} is not a valid {self.name}")

    def get_item(self, key: Any, at: At) -> Any:
        """``Class["NAME"]``."""
        if isinstance(key, Unknown):
            return key
        if key not in self.members:
            raised(at, "KeyError", str(key))
        return self.members[key]

    def iterate(self, at: At) -> Iterator[Any]:
        """Over the members."""
        return iter(list(self.members.values()))

    def length(self, at: At) -> Any:
        """How many members."""
        return len(self.members)


def plain(value: Any) -> Any:
    """VALUE, or the value of the enumeration member (Airflow's or the file's own) that it is."""
    if isinstance(value, EnumMember):
        return value.value
    if isinstance(value, Instance):
        inner = value.attributes.get("_value_", value.attributes.get("value"))
        if isinstance(inner, str | int):
            return inner
    return value


def enum_class(session: Session, name: str, module: str = "") -> ClassValue:
    """The enumeration NAME (a key of `ENUMS`) of this session, as MODULE has it.

    Those of ``airflow.sdk`` are made from its API's description and are shown by their names; all others have a
    ``__str__`` that gives the value.
    """
    state = state_of(session)
    generated = not state.airflow2 and module.startswith(("airflow.sdk", "airflow.providers.common.compat"))

    def make() -> ClassValue:
        path, values = ENUMS[name]
        if name == "TriggerRule":
            values = {rule.upper(): rule for rule in TRIGGER_RULES[state.dialect]}
        elif name == "TaskInstanceState":
            values = {**values, **upper("shutdown" if state.airflow2 else "awaiting_input")}
        made = EnumClass(path, values, shows_names=generated)
        if name == "TriggerRule":
            made.attributes["all_triggers"] = native("all_triggers", lambda at, *_: set(made.members.values()))
            made.attributes["is_valid"] = native("is_valid", lambda at, *rule: rule[-1] in set(made.members.values()))
        return made

    return state.singleton(f"enum {name} {generated}", make)


def upper(*values: str) -> dict[str, str]:
    """Names to values, the name being the value in capitals."""
    return {value.upper(): value for value in values}


ENUMS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "TriggerRule": ("airflow.task.trigger_rule.TriggerRule", {}),
    "WeightRule": ("airflow.task.weight_rule.WeightRule", upper(*WEIGHT_RULES)),
    "TaskInstanceState": ("airflow.sdk.api.datamodels._generated.TaskInstanceState", upper(*TASK_STATES)),
    "DagRunState": ("airflow.sdk.api.datamodels._generated.DagRunState", upper(*DAG_RUN_STATES)),
    "TerminalTIState": ("airflow.sdk.api.datamodels._generated.TerminalTIState", upper("success", "failed", "skipped")),
    "DagRunType": (
        "airflow.utils.types.DagRunType",
        {
            "BACKFILL_JOB": "backfill",
            "SCHEDULED": "scheduled",
            "MANUAL": "manual",
            "OPERATOR_TRIGGERED": "operator_triggered",
            "ASSET_TRIGGERED": "asset_triggered",
            "ASSET_MATERIALIZATION": "asset_materialization",
        },
    ),
    "State": ("airflow.utils.state.State", {**upper(*TASK_STATES), "NONE": None, "SHUTDOWN": "shutdown"}),
    "WeekDay": (
        "airflow.providers.standard.utils.weekday.WeekDay",
        {name: number for number, name in enumerate(_WEEK_DAYS, 1)},
    ),
    "SkippedStatePropagationOptions": (
        "airflow.operators.subdag.SkippedStatePropagationOptions",
        {"ALL_LEAVES": "all_leaves", "ANY_LEAF": "any_leaf"},
    ),
}
"""Name to canonical path and members (those of TriggerRule go by dialect)."""


def checked_trigger_rule(value: Any, dialect: Dialect) -> str | None:
    """The rule that VALUE means under DIALECT, old names of Airflow 2 put right; None where it is none."""
    rule = plain(value)
    if not isinstance(rule, str) or rule not in TRIGGER_RULES[dialect]:
        return None
    return {"dummy": "always", "none_failed_or_skipped": "none_failed_min_one_success"}.get(rule, rule)


def checked_weight_rule(value: Any) -> str | None:
    """``downstream``, ``upstream`` or ``absolute``; None for a strategy of the author's own."""
    rule = plain(value)
    return rule if isinstance(rule, str) and rule in WEIGHT_RULES else None
