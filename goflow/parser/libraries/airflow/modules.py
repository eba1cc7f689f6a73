"""``import airflow...``: which module has which name, under the session's dialect, and what that name is here."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from goflow.domain.diagnostics import Severity
from goflow.domain.errors import did_you_mean
from goflow.domain.spec import Dialect
from goflow.parser.catalogue import namesakes, siblings
from goflow.parser.interpreter.classes import ClassValue
from goflow.parser.interpreter.functions import UserFunction
from goflow.parser.interpreter.modules import LibraryModule
from goflow.parser.interpreter.scopes import MISSING
from goflow.parser.interpreter.session import Session
from goflow.parser.interpreter.values import At, NativeFunction, Unknown, Value
from goflow.parser.libraries.airflow import deadlines, relations, taskflow, variables
from goflow.parser.libraries.airflow.asset_decorator import AssetDecorators
from goflow.parser.libraries.airflow.assets import alias_class, asset_class, base_asset_class, condition_class
from goflow.parser.libraries.airflow.dag import dag_class
from goflow.parser.libraries.airflow.dag_decorator import dag
from goflow.parser.libraries.airflow.dates import dates_names, timezone_names
from goflow.parser.libraries.airflow.enums import ENUMS, enum_class
from goflow.parser.libraries.airflow.exceptions import MODULE as EXCEPTIONS
from goflow.parser.libraries.airflow.exceptions import exception_class, fail
from goflow.parser.libraries.airflow.groups import group_class, mapped_group_class
from goflow.parser.libraries.airflow.import_paths import (
    borrowed_by,
    canonical,
    has_module,
    has_name,
    home_of,
    is_provider,
    modules_of,
    names_of,
    other,
    what_became_of,
)
from goflow.parser.libraries.airflow.macros import macros_names
from goflow.parser.libraries.airflow.opaque import NOT_SET, has_operators, opaque_class
from goflow.parser.libraries.airflow.openlineage_ import OPENLINEAGE
from goflow.parser.libraries.airflow.operator_classes import generic_class, operator_class
from goflow.parser.libraries.airflow.operator_models import BASE_BRANCH, BASE_OPERATOR, BASE_SENSOR, DECORATED_OPERATOR
from goflow.parser.libraries.airflow.params import param_class, params_class
from goflow.parser.libraries.airflow.partition_mappers import PARTS, part_class
from goflow.parser.libraries.airflow.provider_constants import provider_constant
from goflow.parser.libraries.airflow.provider_groups import DATABRICKS_WORKFLOW, workflow_group_class
from goflow.parser.libraries.airflow.provider_names import ProviderName, notifier_name
from goflow.parser.libraries.airflow.run_infos import RUN_INFOS
from goflow.parser.libraries.airflow.standard_models import EMAIL_OPERATOR_2, SUB_DAG_OPERATOR
from goflow.parser.libraries.airflow.standard_operators import standard_names
from goflow.parser.libraries.airflow.state import native, state_of
from goflow.parser.libraries.airflow.task_groups import task_group
from goflow.parser.libraries.airflow.timetables import TIMETABLES, timetable_class
from goflow.parser.libraries.airflow.xcom_args import RETURN_KEY, xcom_class
from goflow.parser.libraries.logging_ import QUIET
from goflow.parser.libraries.registry import ignored_function, resolver

VERSIONS = {Dialect.AIRFLOW2: "2.11.2", Dialect.AIRFLOW3: "3.3.2"}
EXAMPLES = "airflow.example_dags"
_COMPAT = "airflow.providers.common.compat."
"""The provider that hands on what has moved between the two Airflows."""


@resolver("airflow")
def resolve(session: Session, name: str) -> Value | None:
    """The module NAME of Airflow; None where the session's dialect has none."""
    if name == EXAMPLES or name.startswith(f"{EXAMPLES}."):
        return _example(session, name)
    if not has_module(name, session.dialect):
        return None
    names = _MODULES[name](session) if name in _MODULES else {}
    kind = ProviderName if is_provider(name) else LibraryModule
    made = kind(session, name, names, lambda attribute, at: find(session, name, attribute, at))
    made.names = _Names(session, name, names)
    return made


class _Names(dict[str, Any]):
    """The names of a module that are found when they are asked for, with an ``__all__`` for ``import *``."""

    def __init__(self, session: Session, module: str, names: Mapping[str, Any]) -> None:
        super().__init__(names)
        self.session, self.module = session, module

    def get(self, name: str, default: Any = None) -> Any:
        """A name; ``__all__`` are the public names that are known."""
        if name != "__all__":
            return super().get(name, default)
        dialect = self.session.dialect
        own = {
            path.rpartition(".")[2] for path in standard_names(dialect).values() if path.startswith(f"{self.module}.")
        }
        known: frozenset[str] = frozenset()
        if not is_provider(self.module):
            known = names_of(self.module, dialect) - {"*"} | borrowed_by(self.module, dialect).keys()
        names = {name for name in (*known, *own, *self) if not name.startswith("_")}
        return sorted(name for name in names if not self._is_module(name))

    def _is_module(self, name: str) -> bool:
        path = f"{self.module}.{name}"
        return path not in _FUNCTIONS_FIRST and not is_provider(path) and has_module(path, self.session.dialect)


def find(session: Session, module: str, name: str, at: At) -> Any:
    """What NAME of Airflow's MODULE is; MISSING for a module inside it. Raises ImportError where it is not there."""
    path = f"{module}.{name}"
    if name.startswith("__"):
        return VERSIONS[session.dialect] if name == "__version__" else MISSING
    if path not in _FUNCTIONS_FIRST and has_module(path, session.dialect) and not is_provider(path):
        return MISSING
    there = has_name(module, name, session.dialect)
    if there is False:
        elsewhere = has_name(module, name, other(session.dialect))
        only = other(session.dialect) if elsewhere else None
        hint = what_became_of(path) or _where(name, session.dialect)
        hint = hint or did_you_mean(name, names_of(module, session.dialect))
        fail(at, "ImportError", f"cannot import name '{name}' from '{module}'", only=only, code="GF006", hint=hint)
    found = _modelled(session, module, name)
    if found is not None:
        return found
    origin = borrowed_by(module, session.dialect).get(name)
    if origin is not None:
        return _borrowed(session, origin, at)
    notifier = notifier_name(module, name)
    if notifier is not None:
        return _opaque(session, f"{module}.{notifier}", _notifier(session))
    constant = provider_constant(session, module, name) if is_provider(module) else MISSING
    if constant is not MISSING:
        return constant
    if is_provider(module) and (name.islower() or not _is_thing(name)):
        return MISSING if _looks_like_module(module, name) else Unknown(f"{path}, which is not read", at)
    return _unmodelled(session, module, name, at)


def _modelled(session: Session, module: str, name: str) -> Any:
    moved = canonical(f"{module}.{name}")
    if module in {EXCEPTIONS, "airflow.sdk.exceptions"} or moved.startswith(f"{EXCEPTIONS}."):
        return exception_class(session, name)
    for path in dict.fromkeys((_OPERATORS.get(name, moved), moved)):
        if path == "airflow.providers.smtp.operators.smtp.EmailOperator" and not is_provider(module):
            path = EMAIL_OPERATOR_2 if session.dialect is Dialect.AIRFLOW2 else path
        operator = operator_class(session, path) if "." in path else None
        if operator is not None:
            return operator
    if module.startswith(_COMPAT) and name in standard_names(session.dialect):
        return operator_class(session, standard_names(session.dialect)[name])
    if name in OPENLINEAGE and module.startswith("airflow.providers.openlineage."):
        return OPENLINEAGE[name]
    if moved == DATABRICKS_WORKFLOW:
        return workflow_group_class(session)
    if name == "Variable":
        return variables.variable_class(session, module)
    if name in _NAMES:
        return _NAMES[name](session)
    if name in ENUMS:
        return enum_class(session, name, module)
    if name in TIMETABLES:
        return timetable_class(session, name)
    if name in PARTS and not is_provider(module):
        return part_class(session, name)
    if name in RUN_INFOS:
        return RUN_INFOS[name](session)
    return None


def _borrowed(session: Session, origin: str, at: At) -> Any:
    """What a module of Airflow has from elsewhere: the module ORIGIN, or a name in one."""
    parent, _, name = origin.rpartition(".")
    home = session.loader.library(parent) if parent else None
    if home is not None:
        return home.get_attribute(name, at)
    return session.loader.library(origin) or Unknown(f"{origin}, which is not read", at)


def _unmodelled(session: Session, module: str, name: str, at: At) -> Any:
    path = canonical(f"{module}.{name}")
    is_operator = name.endswith(("Operator", "Sensor")) and (has_operators(module) or is_provider(module))
    if is_operator or has_operators(module):
        _tell_of_mistake(path, at)
    if is_operator:
        return generic_class(session, path)
    if is_provider(module) and name.endswith(("TaskGroup", "DAG", "Dag")):
        return Unknown(f"{path}, which is not read", at)  # it may well make tasks of its own
    if _is_thing(name):  # one class, whichever of its places it is imported from
        home = "airflow" if is_provider(module) else home_of(name, session.dialect)
        return _opaque(session, path if home == "airflow" else canonical(f"{home}.{name}"))
    if name == "provide_session":
        return native(name, _provide_session)
    if name in {"apply_defaults", "poke_mode_only", "deprecated"}:
        return native(name, lambda at, inner=None, *_, **__: inner)
    return Unknown(f"{module}.{name}, which is not read", at)


def _tell_of_mistake(path: str, at: At) -> None:
    """A warning where PATH looks like the name of an operator that the same module of a provider has."""
    module, _, name = path.rpartition(".")
    known = siblings(path)
    if not known and (elsewhere := namesakes(path)):
        text = f"there is no module {module} in the version of its provider that GoFlow knows"
        hint = f"{name} is in {' and in '.join(elsewhere)}"
        at.session.report("GF006", text, at, severity=Severity.WARNING, hint=hint)
        return
    hint = "" if name in known else did_you_mean(name, known, nearness=0.85)
    if not hint and known and name not in known and (elsewhere := namesakes(path)):
        hint = f"{name} is in {' and in '.join(elsewhere)}"
    if hint:
        text = f"{module} has no {name} in the version that GoFlow knows"
        at.session.report("GF006", text, at, severity=Severity.WARNING, hint=hint)


def _where(name: str, dialect: Dialect) -> str:
    """A hint at the module of Airflow that has NAME; empty where none is known."""
    homes = [
        module
        for module in modules_of(dialect)
        if name in names_of(module, dialect) and (module == "airflow.sdk" or module.count(".") > 1)
    ]
    if not homes or not _is_thing(name):
        return ""
    return f"{name} is in {min(homes, key=lambda module: (module != 'airflow.sdk', len(module), module))}"


def _opaque(session: Session, path: str, *bases: ClassValue) -> ClassValue:
    classes = state_of(session).classes
    if path not in classes:
        classes[path] = opaque_class(path, bases)
    return classes[path]


def _provide_session(at: At, function: Any) -> Any:
    """FUNCTION with a session of Airflow's database where it is given none, of which nothing is known here."""
    if not isinstance(function, UserFunction):
        return function
    made = copy.copy(function)
    session = Unknown("a session of Airflow's database", at)
    made.parameters = [
        dataclasses.replace(own, default=session) if own.name == "session" else own for own in function.parameters
    ]
    return made


def _is_thing(name: str) -> bool:
    """Whether NAME is written as classes are."""
    plain = name.lstrip("_")
    return bool(plain) and plain[0].isupper() and not plain.isupper()


def _looks_like_module(module: str, name: str) -> bool:
    return name.islower() and module.count(".") < 6


def _example(session: Session, name: str) -> Value:
    """Airflow's own example modules, where the folder that is read holds them."""
    inner = name.removeprefix(EXAMPLES).lstrip(".")
    file = session.root.joinpath(*inner.split(".")).with_suffix(".py") if inner else session.root
    if inner and session.root.as_posix().endswith("airflow/example_dags") and file.is_file():
        found = session.loader.find(inner, At(session, session.main, None))
        if found is not None:
            return found
    return LibraryModule(session, name, {}, lambda attribute, at: _unmodelled(session, name, attribute, at))


# -- names ------------------------------------------------------------------------------------------------------------


def _notifier(session: Session) -> ClassValue:
    made = state_of(session).singleton("BaseNotifier", lambda: opaque_class("airflow.sdk.bases.notifier.BaseNotifier"))
    assert isinstance(made, ClassValue)
    made.attributes.setdefault("__call__", native("__call__", lambda at, self, /, *args, **kwargs: None))
    return made


def _hook(session: Session) -> ClassValue:
    made = state_of(session).singleton("BaseHook", lambda: opaque_class("airflow.sdk.bases.hook.BaseHook"))
    assert isinstance(made, ClassValue)
    for name in ("get_connection", "get_connections"):
        method = native(name, variables.get_connection)
        method.binds = False
        made.attributes.setdefault(name, method)
    return made


def _parsing_context(session: Session) -> NativeFunction:
    cls = ClassValue("AirflowParsingContext", (), {"dag_id": None, "task_id": None}, module_name="airflow.sdk")
    return native("get_parsing_context", lambda at: cls.call([], {}, at))


def _is_venv_installed(at: At) -> bool:
    """Whether the package virtualenv is there: it is an extra, so not in Airflow 2 as pip installs it.

    Which image a task gets is not known while its file is read; that a side was taken is said, and never silent.
    """
    words = "is_venv_installed() is taken as False, which it is in an Airflow 2 without the extra virtualenv"
    hint = "GoFlow's tasks can make virtual environments without that package: leave the condition out to have them"
    at.session.report("GF101", words, at, severity=Severity.WARNING, hint=hint)
    return False


def _run_time(name: str) -> Callable[[Session], Any]:
    return lambda session: native(name, lambda at, /, *args, **kwargs: Unknown(f"{name}(), at run time", at))


def _constant(value: Any) -> Callable[[Session], Any]:
    return lambda session: value


def _operator(path: str) -> Callable[[Session], Any]:
    return lambda session: operator_class(session, path)


def _import_string(at: At, dotted_path: Any) -> Any:
    from goflow.parser.libraries.import_string import import_string

    return import_string(dotted_path, at)


def _hook_implementation(at: At, inner: Any = None, **_: Any) -> Any:
    """``@hookimpl``, with or without options, leaves a listener's function as it is."""
    return native("hookimpl", lambda at, inner: inner) if inner is None else inner


_DECORATORS = ("bash", "sensor", "branch", "short_circuit", "virtualenv", "external_python", "branch_virtualenv",
               "branch_external_python")  # fmt: skip
"""Those of ``@task.NAME`` that ``airflow.decorators`` of Airflow 2 has as ``NAME_task``, too."""


def _decorator_of(name: str) -> Callable[[Session], Any]:
    return lambda session: taskflow.task_decorators(session).get_attribute(name, At(session, session.main, None))


_OPERATORS: Mapping[str, str] = {
    "BaseOperator": BASE_OPERATOR,
    "BaseSensorOperator": BASE_SENSOR,
    "BaseBranchOperator": BASE_BRANCH,
    "DecoratedOperator": DECORATED_OPERATOR,
    "BaseAsyncOperator": "airflow.sdk.bases.operator.BaseAsyncOperator",
    "SubDagOperator": SUB_DAG_OPERATOR,
}
_NAMES: Mapping[str, Callable[[Session], Any]] = {
    "DAG": dag_class,
    "dag": _constant(dag),
    "task": lambda session: taskflow.task_decorators(session),
    "python_task": lambda session: taskflow.task_decorators(session),
    "task_group": _constant(task_group),
    "setup": _constant(taskflow.setup),
    "teardown": _constant(taskflow.teardown),
    "setup_task": _constant(taskflow.setup),
    "teardown_task": _constant(taskflow.teardown),
    "result": _constant(native("result", lambda at, task: task)),
    "asset": _constant(AssetDecorators()),
    "TaskGroup": group_class,
    "MappedTaskGroup": mapped_group_class,
    "XComArg": xcom_class,
    "XCOM_RETURN_KEY": _constant(RETURN_KEY),
    "NOTSET": _constant(NOT_SET),
    "chain": _constant(relations.chain),
    "chain_linear": _constant(relations.chain_linear),
    "cross_downstream": _constant(relations.cross_downstream),
    "Label": _constant(relations.label_function),
    "EdgeModifier": relations.edge_modifier_class,
    "Param": param_class,
    "ParamsDict": params_class,
    "Asset": lambda session: asset_class(session, "Asset"),
    "Dataset": lambda session: asset_class(session, "Dataset" if state_of(session).airflow2 else "Asset"),
    "Model": lambda session: asset_class(session, "Model"),
    "BaseAsset": base_asset_class,
    "BaseDataset": base_asset_class,
    "AssetAlias": alias_class,
    "DatasetAlias": alias_class,
    "AssetAll": lambda session: condition_class(session, "all"),
    "AssetAny": lambda session: condition_class(session, "any"),
    "DatasetAll": lambda session: condition_class(session, "all"),
    "DatasetAny": lambda session: condition_class(session, "any"),
    "Connection": variables.connection_class,
    "BaseHook": _hook,
    "BaseNotifier": _notifier,
    "conf": lambda session: state_of(session).singleton("conf", variables.ConfigurationValue),
    "get_current_context": _run_time("get_current_context"),
    "get_parsing_context": _parsing_context,
    "is_venv_installed": _constant(native("is_venv_installed", _is_venv_installed)),
    "get_unique_task_id": _run_time("get_unique_task_id"),
    "days_ago": lambda session: dates_names(session)["days_ago"],
    "date_range": lambda session: dates_names(session)["date_range"],
    "macros": lambda session: session.loader.library("airflow.sdk.execution_time.macros"),
    "import_string": _constant(native("import_string", _import_string)),
    "hookimpl": _constant(native("hookimpl", _hook_implementation)),
    "mask_secret": _constant(ignored_function("mask_secret")),
    **{f"{name}_task": _decorator_of(name) for name in _DECORATORS},
    "cron_presets": lambda session: dates_names(session)["cron_presets"],
    "timezone": lambda session: session.loader.library(
        "airflow.sdk.timezone" if session.dialect is Dialect.AIRFLOW3 else "airflow.utils.timezone"
    ),
    "utcnow": lambda session: timezone_names(session)["utcnow"],
    "AirflowException": lambda session: exception_class(session, "AirflowException"),
    "AirflowSkipException": lambda session: exception_class(session, "AirflowSkipException"),
    "AirflowFailException": lambda session: exception_class(session, "AirflowFailException"),
    "SkipMixin": lambda session: state_of(session).singleton(
        "SkipMixin", lambda: ClassValue("SkipMixin", (), {}, module_name="airflow.sdk.bases.skipmixin")
    ),
    "BranchMixIn": lambda session: state_of(session).singleton(
        "BranchMixIn", lambda: ClassValue("BranchMixIn", (), {}, module_name="airflow.sdk.bases.branch")
    ),
    "LoggingMixin": lambda session: state_of(session).singleton(
        "LoggingMixin",
        lambda: ClassValue("LoggingMixin", (), {"log": QUIET}, module_name="airflow.utils.log.logging_mixin"),
    ),
    **deadlines.NAMES,
    "AIRFLOW_V_3_0_PLUS": lambda session: session.dialect is Dialect.AIRFLOW3,
    "AIRFLOW_V_3_1_PLUS": lambda session: session.dialect is Dialect.AIRFLOW3,
}
"""What a name means wherever one of Airflow's modules has it; operators come by their paths instead."""

_FUNCTIONS_FIRST = frozenset(
    {
        *(f"airflow.decorators.{name}" for name in ("task_group", "setup_teardown", "dag", "task")),
        *(f"airflow.sdk.{name}" for name in ("dag", "task", "task_group", "setup", "teardown", "asset")),
        "airflow.sdk.definitions.decorators.task_group",
        "airflow.sdk.definitions.dag.dag",
        "airflow.models.dag.dag",
    }
)
"""Paths that are a function although a module has the same path."""

_MODULES: Mapping[str, Callable[[Session], dict[str, Any]]] = {
    "airflow.macros": macros_names,
    "airflow.sdk.execution_time.macros": macros_names,
    "airflow.utils.timezone": timezone_names,
    "airflow.sdk.timezone": timezone_names,
    "airflow.sdk._shared.timezones.timezone": timezone_names,
    "airflow.version": lambda session: {"version": VERSIONS[session.dialect]},
    "airflow.security.permissions": lambda session: {
        "ACTION_CAN_CREATE": "can_create",
        "ACTION_CAN_READ": "can_read",
        "ACTION_CAN_EDIT": "can_edit",
        "ACTION_CAN_DELETE": "can_delete",
        "RESOURCE_DAG": "DAGs",
        "RESOURCE_DAG_RUN": "DAG Runs",
    },
}
"""Modules whose names are known in full."""
