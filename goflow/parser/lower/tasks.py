"""Tasks to `TaskSpec`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, Literal

from goflow.domain.canonical import Json
from goflow.domain.diagnostics import Severity
from goflow.domain.moments import Moment
from goflow.domain.spec import SensorSpec, TaskSpec
from goflow.parser.interpreter.classes import ClassValue
from goflow.parser.interpreter.values import Raised, Unknown, Value, first_unknown
from goflow.parser.libraries.airflow.base_operators import CALLBACKS, DEFAULT_SENSOR_TIMEOUT, DOCS, SENSOR_PARAMETERS
from goflow.parser.libraries.airflow.enums import WEIGHT_RULES, checked_weight_rule
from goflow.parser.libraries.airflow.mapping import MappedTask
from goflow.parser.libraries.airflow.operator_arguments import flat_of
from goflow.parser.libraries.airflow.operator_models import BASE_SENSOR, OperatorModel
from goflow.parser.libraries.airflow.operators import TaskValue
from goflow.parser.libraries.airflow.words import words
from goflow.parser.libraries.airflow.xcom_args import unknown_key_in
from goflow.parser.lower.encoding import TOO_LARGE, Encoder, callable_path, class_path, is_beyond, scalar
from goflow.parser.lower.overrides import overridden
from goflow.parser.lower.params import lowered_params
from goflow.parser.lower.templates import TemplateFiles
from goflow.parser.lower.wording import listed, misplaced

CONTAINERS = frozenset(
    {
        "airflow.providers.cncf.kubernetes.operators.pod.KubernetesPodOperator",
        "airflow.providers.docker.operators.docker.DockerOperator",
    }
)
"""Operators whose container the daemon makes itself, so that what is in it has to be known at launch."""
OWN_FIELDS = frozenset(
    words(
        """task_id trigger_rule retries retry_delay retry_exponential_backoff max_retry_delay execution_timeout pool
        pool_slots queue priority_weight weight_rule depends_on_past ignore_first_depends_on_past
        wait_for_downstream wait_for_past_depends_before_skipping max_active_tis_per_dag max_active_tis_per_dagrun
        owner start_date end_date outlets inlets python_callable multiple_outputs do_xcom_push map_index_template
        executor_config task_display_name doc doc_md doc_json doc_yaml doc_rst is_setup is_teardown
        on_failure_fail_dagrun op_args op_kwargs"""
    )
)
"""Arguments that TaskSpec has a field for."""
_OWN_STRATEGIES = {f"_{rule.capitalize()}PriorityWeightStrategy": rule for rule in WEIGHT_RULES}
"""Airflow's own classes behind the weight rules."""
_MORE = frozenset({*DOCS, "on_failure_fail_dagrun"})
_SENSOR_NAMES = ("mode", "poke_interval", "timeout", "soft_fail", "exponential_backoff")


class LoweredTask:
    """One task on its way to its TaskSpec."""

    def __init__(self, task: TaskValue, files: TemplateFiles, airflow2: bool) -> None:
        self.task, self.files, self.airflow2 = task, files, airflow2
        self.operator: ClassValue = task.operator if isinstance(task, MappedTask) else task.cls
        self.mapped = isinstance(task, MappedTask)
        self.models: list[OperatorModel] = [cls.data["model"] for cls in self.operator.mro if "model" in cls.data]
        self.paths = self._paths()
        self.encode = Encoder(self._when())
        self._unknown: dict[str, list[tuple[str, Unknown]]] = {}
        self._holes: dict[str, Json] = {}

    def spec(self) -> TaskSpec:
        """The TaskSpec. What the scheduler plans with and is not known taints the DAG."""
        task, node = self.task, self.task.node
        group = node.group
        params, _ = lowered_params(task.own_params, Encoder())
        span = task.at.span
        spec = TaskSpec(
            task_id=node.task_id,
            operator=self.operator.name,
            operator_path=self.paths[0],
            bases=tuple(self.paths[1:]),
            upstream=tuple(sorted(node.upstream)),
            group=None if group is None else group.group_id,
            mapped=self.mapped,
            expand=self.encode.mapping(task.expansion) if isinstance(task, MappedTask) else {},
            setup=node.setup,
            teardown=node.teardown,
            on_failure_fail_dagrun=bool(self._plan("on_failure_fail_dagrun", False)),
            outlets=self._many("outlets"),
            inlets=self._many("inlets"),
            callable=self._callable(),
            overrides=overridden(self.operator) if self._when() == "launch" else (),
            callbacks=self._callbacks(),
            sensor=self._sensor(),
            params=params,
            multiple_outputs=self._multiple_outputs(),
            do_xcom_push=self._known("do_xcom_push") is not False,
            map_index_template=self._text("map_index_template"),
            executor_config=self._executor_config(),
            template_fields=task.template_fields,
            template_ext=task.template_ext,
            fields=self._fields(),
            arguments=self._arguments(),
            given=tuple(sorted(name for name in task.given if isinstance(name, str))),
            doc=self._doc(),
            display_name=self._text("task_display_name", "display_name"),
            line=span.line,
            column=span.column,
            **self._policy(),
            unknown=self._holes,
        )
        self._tell()
        return spec

    # -- identity -----------------------------------------------------------------------------------------------------

    def _paths(self) -> list[str]:
        """The canonical paths of the operator's class and of what it derives from."""
        found = []
        for cls in self.operator.mro:
            model = cls.data.get("model")
            found.append(model.path if isinstance(model, OperatorModel) else class_path(cls))
            if isinstance(model, OperatorModel):
                found += model.mro
        return list(dict.fromkeys(path for path in found if path != "builtins.object"))

    def _when(self) -> Literal["task", "launch"]:
        return "task" if CONTAINERS.isdisjoint(self.paths) else "launch"

    # -- policy -------------------------------------------------------------------------------------------------------

    def _policy(self) -> dict[str, Any]:
        """The fields that the scheduler plans with."""
        return {
            "trigger_rule": self._scalar("trigger_rule", "all_success"),
            "retries": self._scalar("retries", 0),
            "retry_delay": self._seconds("retry_delay", 300.0) or 0.0,
            "retry_exponential_backoff": self._backoff(),
            "max_retry_delay": self._seconds("max_retry_delay", None),
            "execution_timeout": self._seconds("execution_timeout", None),
            "pool": self._scalar("pool", "default_pool") or "default_pool",
            "pool_slots": self._scalar("pool_slots", 1),
            "queue": self._scalar("queue", "default"),
            "priority_weight": self._scalar("priority_weight", 1),
            "weight_rule": self._weight_rule(),
            "depends_on_past": bool(self._plan("depends_on_past", False)),
            "ignore_first_depends_on_past": bool(self._plan("ignore_first_depends_on_past", self.airflow2)),
            "wait_for_downstream": bool(self._plan("wait_for_downstream", False)),
            "wait_for_past_depends_before_skipping": bool(self._plan("wait_for_past_depends_before_skipping", False)),
            "max_active_tis_per_dag": self._scalar("max_active_tis_per_dag", None),
            "max_active_tis_per_dagrun": self._scalar("max_active_tis_per_dagrun", None),
            "owner": self._owner(),
            "start_date": self._moment("start_date"),
            "end_date": self._moment("end_date"),
        }

    def _attribute(self, name: str) -> Any:
        return self.task.attributes.get(name)

    def _plan(self, name: str, default: Any) -> Any:
        value = self.task.attributes.get(name, default)
        if isinstance(value, Unknown):
            self._taint(name, value)
            return default
        if is_beyond(value):
            self._taint(name, Unknown(TOO_LARGE, self.task.at))
            return default
        return default if value is None and name not in {"max_active_tis_per_dag", "queue"} else value

    def _scalar(self, name: str, default: Any) -> Any:
        """As `_plan`, for what is a number or a text: anything else in its place is told."""
        return scalar(self._plan(name, default), default, lambda words: self._taint(name, Unknown(words, self.task.at)))

    def _taint(self, name: str, unknown: Unknown) -> None:
        dag = self.task.dag
        assert dag is not None
        dag.taint(f"{name} of task {self.task.node.task_id!r}", unknown, self.task.at, self.task.node.task_id)

    def _seconds(self, name: str, default: float | None) -> float | None:
        value = self._plan(name, default)
        if isinstance(value, dt.timedelta):
            return value.total_seconds()
        return float(value) if isinstance(value, int | float) else default

    def _backoff(self) -> float:
        """0 is none, 2 doubles: Airflow 2's ``True`` and numbers of Airflow 3."""
        value = self._plan("retry_exponential_backoff", 0)
        if isinstance(value, bool):
            return 2.0 if value else 0.0
        return float(value) if isinstance(value, int | float) else 0.0

    def _weight_rule(self) -> str:
        value = self._plan("weight_rule", "downstream")
        rule = checked_weight_rule(value)
        if rule is not None:
            return rule
        name = value if isinstance(value, str) else str(getattr(value, "type_name", "downstream"))
        return _OWN_STRATEGIES.get(name.rpartition(".")[2], name.rpartition(".")[2])

    def _owner(self) -> str:
        value = self._known("owner", default="airflow")
        if isinstance(value, str):
            return str(value)
        return str(self._leave_hole("owner", "owner", Unknown(misplaced(value), self.task.at), "airflow"))

    def _moment(self, name: str) -> Moment | None:
        value = self._plan(name, None)
        return value if isinstance(value, Moment) else None

    # -- the rest -----------------------------------------------------------------------------------------------------

    def _known(self, name: str, field: str = "", default: Any = None) -> Any:
        """The attribute NAME; DEFAULT, a note and a hole for the spec's FIELD where the task's own process needs it and
        it is not known."""
        value = self.task.attributes.get(name, default)
        if value is None or value is True or not isinstance(value, Unknown):  # of most tasks the first
            return value
        return self._leave_hole(name, field or name, value, default)

    def _leave_hole(self, name: str, field: str, unknown: Unknown, default: Any) -> Any:
        self._note(name, unknown)
        self._holes.setdefault(field, self.encode.hole(unknown))
        return default

    def _text(self, name: str, field: str = "") -> str | None:
        value = self._known(name, field)
        return value if isinstance(value, str) else None

    def _doc(self) -> str | None:
        return next((text for name in ("doc_md", *DOCS) if (text := self._text(name, "doc"))), None)

    def _many(self, name: str) -> tuple[Json, ...]:
        value = self._attribute(name)
        if isinstance(value, Unknown):
            self._note(name, value)
            return (self.encode(value),)
        return tuple(self.encode(inner) for inner in value) if isinstance(value, list) else ()

    def _callable(self) -> str | None:
        return callable_path(self._attribute("python_callable"))

    def _callbacks(self) -> Mapping[str, Json]:
        found: dict[str, Json] = {}
        for name in CALLBACKS:
            value = self._attribute(name)
            if isinstance(value, Unknown) or value:
                found[name] = Encoder()(value)
        return found

    def _multiple_outputs(self) -> bool:
        if isinstance(self.task, MappedTask) and self.task.taskflow:
            return self.task.multiple_outputs is True
        return self._known("multiple_outputs") is True

    def _executor_config(self) -> Json:
        value = self._attribute("executor_config")
        return Encoder("launch")(value) if isinstance(value, Unknown) or value else None

    def _sensor(self) -> SensorSpec | None:
        if BASE_SENSOR not in self.paths:
            return None
        values = {name: self._plan(name, SENSOR_PARAMETERS[name]) for name in _SENSOR_NAMES}
        timeout = values["timeout"]
        return SensorSpec(
            mode=str(values["mode"]),
            poke_interval=_as_seconds(values["poke_interval"], 60.0),
            timeout=_as_seconds(timeout, DEFAULT_SENSOR_TIMEOUT),
            soft_fail=bool(values["soft_fail"]),
            exponential_backoff=bool(values["exponential_backoff"]),
        )

    def _fields(self) -> dict[str, Json]:
        """The template fields; of a mapped task, those that are the same for every instance."""
        task = self.task
        found: dict[str, Json] = {}
        for name in task.template_fields:
            if self.mapped and name not in task.arguments:
                continue
            value = task.attributes[name] if name in task.attributes else self._class_attribute(name)
            if not self.mapped:
                value = self.files.resolved(value, task.template_ext)
            self._note_holes(name, value)
            found[name] = self.encode(value)
        return found

    def _class_attribute(self, name: str) -> Any:
        """A template field that no ``__init__`` has set: a class attribute or a property; None where there is none."""
        try:
            return self.task.get_attribute(name, self.task.at)
        except Raised:
            return None

    def _arguments(self) -> dict[str, Json]:
        """The constructor's arguments that have no field of their own."""
        fields = set(self.task.template_fields)
        own = OWN_FIELDS | {*CALLBACKS, *(_SENSOR_NAMES if BASE_SENSOR in self.paths else ())}
        kept: dict[str, Json] = {}
        for name, value in self.task.arguments.items():
            if not isinstance(name, str):  # of default_args: no copy can be made with it
                continue
            if name in fields or (name in own and (name not in _MORE or not self._says_more(name, value))):
                continue
            self._note_holes(name, value)
            kept[name] = self.encode(value)
        for name, value in self._defaults_of_copies().items():
            self._note_holes(name, value)
            kept[name] = self.encode(value)
        inlets = self.task.arguments.get("inlets")
        if isinstance(inlets, Value) and not isinstance(inlets, Unknown):
            kept["inlets"] = self.encode(inlets)
        if BASE_SENSOR not in self.paths and "poke_interval" in self.task.attributes:
            kept["poke_interval"] = self.encode(self.task.attributes["poke_interval"])
        if self._callable() is None and self._attribute("python_callable") is not None:
            kept["python_callable"] = self.encode(self._attribute("python_callable"))
        return kept

    def _says_more(self, name: str, value: Any) -> bool:
        """Whether the argument NAME is more than what its field keeps of it."""
        if name == "on_failure_fail_dagrun":
            return not isinstance(value, bool | Unknown)
        return name in DOCS and value != self._doc()

    def _defaults_of_copies(self) -> dict[str, Any]:
        """What default arguments give the copies of a mapped pod: GoFlow makes those pods itself, while copies of any
        other operator get them as their file is executed."""
        task = self.task
        if not isinstance(task, MappedTask) or self._when() != "launch" or isinstance(task.default_args, Unknown):
            return {}
        known = flat_of(self.operator, task.at.session).parameters
        said = {*task.arguments, *task.expansion, *OWN_FIELDS}
        return {name: value for name, value in task.default_args.items() if name in known and name not in said}

    def _note_holes(self, name: str, value: Any) -> None:
        unknown = first_unknown(value)
        unknown = unknown_key_in(value) if unknown is None else unknown
        if unknown is not None:
            self._note(name, unknown)

    def _note(self, name: str, unknown: Unknown) -> None:
        self._unknown.setdefault(unknown.reason, []).append((name, unknown))

    def _tell(self) -> None:
        """One note for each thing that fields depend on."""
        dag, task_id = self.task.dag, self.task.node.task_id
        for reason, found in self._unknown.items():
            at, names = found[0][1].at, list(dict.fromkeys(name for name, _ in found))
            self.task.at.session.report(
                "GF102",
                f"{listed(names)} of task {task_id!r} {'depend' if len(names) > 1 else 'depends'} on {reason}",
                at if at is not None and at.line else self.task.at,
                severity=Severity.NOTE,
                dag_id=dag.dag_id if dag is not None else None,
                task_id=task_id,
            )


def _as_seconds(value: Any, default: float) -> float:
    if isinstance(value, dt.timedelta):
        return value.total_seconds()
    return float(value) if isinstance(value, int | float) else default
