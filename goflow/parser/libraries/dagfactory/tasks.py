"""One task of a dag-factory DAG: an operator or a decorated function, and what dag-factory makes of its arguments."""

from __future__ import annotations

import json
import re
from typing import Any

from goflow.parser.interpreter.items import get_item
from goflow.parser.interpreter.plain_values import type_name
from goflow.parser.interpreter.values import NativeFunction, Unknown, Value
from goflow.parser.libraries.airflow.operators import TaskValue
from goflow.parser.libraries.dagfactory.callbacks import settle_callbacks
from goflow.parser.libraries.dagfactory.conditions import dataset, uris_of
from goflow.parser.libraries.dagfactory.moments import stretch_of
from goflow.parser.libraries.dagfactory.names import (
    callable_of_file,
    derives_from,
    lambda_of,
    parameters_of,
)
from goflow.parser.libraries.dagfactory.old import OldNames
from goflow.parser.libraries.dagfactory.shapes import Place, as_list, as_mapping, given, is_true, refuse
from goflow.parser.libraries.import_string import import_string

_STANDARD = "airflow.providers.standard"
PYTHON = (
    f"{_STANDARD}.operators.python.PythonOperator",
    f"{_STANDARD}.operators.python.BranchPythonOperator",
    f"{_STANDARD}.sensors.python.PythonSensor",
)
SQL_SENSOR = "airflow.providers.common.sql.sensors.sql.SqlSensor"
HTTP = (
    "airflow.providers.http.operators.http.HttpOperator",
    "airflow.providers.http.operators.http.SimpleHttpOperator",
)
HTTP_SENSOR = "airflow.providers.http.sensors.http.HttpSensor"
_XCOM = re.compile(r"^\+(?P<task>\w*)(\[['\"](?P<key>.*)['\"]\])?$")
_NEEDS_CALLABLE = "`python_callable_name` and `python_callable_file` parameters, or python_callable as a dotted path"


class TaskMaker:
    """Makes one task of its ARGUMENTS. MADE are the tasks that are there, PLACE gives places in the task's entry."""

    def __init__(self, arguments: dict[str, Any], made: dict[Any, Any], place: Place, *, old: bool) -> None:
        self.arguments, self.made, self.place, self.old = arguments, made, place, old

    def of_operator(self, operator: Any) -> Any:
        """The task of the class that the dotted path OPERATOR names."""
        at = self.place("operator")
        cls = import_string(operator, at)
        if isinstance(cls, Unknown):
            refuse(at, f"the operator depends on {cls.reason}")
        arguments = self.arguments
        if is_true(arguments.get("expand")):
            self._expanded_over(as_mapping(arguments["expand"], self.place("expand"), "expand"))
        if derives_from(cls, *PYTHON):
            self._python_callable()
        if derives_from(cls, SQL_SENSOR):
            self._check("success")
            self._check("failure")
        elif derives_from(cls, *HTTP):
            self._http_data()
        elif derives_from(cls, HTTP_SENSOR):
            self._response_check()
        if self.old:
            OldNames(self.place).of_task(arguments, cls)
        self._settle()
        expansion = self._mapping()
        if not expansion:
            at = self.place()
            made = at.session.guarded(lambda at, **named: cls.call([], named, at), at, (), arguments, "the operator")
            return self._task(made, operator)
        partial = cls.get_attribute("partial", self.place()).call([], arguments, self.place())
        made = partial.get_attribute("expand", self.place()).call([], expansion, self.place("expand"))
        return self._task(made, operator)

    def _task(self, made: Any, operator: Any) -> TaskValue:
        if not isinstance(made, TaskValue):
            refuse(self.place("operator"), f"{operator} is no operator, or not known as one", kind="TypeError")
        return made

    def of_decorator(self) -> Any:
        """What calling the decorated function gives."""
        arguments, at = self.arguments, self.place()
        if "python_callable_name" in arguments and "python_callable_file" in arguments:
            function = self._from_file("python_callable")
        elif "python_callable" in arguments:
            function = self._imported(arguments["python_callable"], "python_callable")
        else:
            refuse(at, f"Failed to create task. Decorator-based tasks require {_NEEDS_CALLABLE}")
        arguments["python_callable"] = function
        decorator = import_string(arguments.pop("decorator"), self.place("decorator"))
        self._settle()
        names = parameters_of(function)
        if names is None:
            reason = function.reason if isinstance(function, Unknown) else "what its function takes"
            refuse(self.place("python_callable_name"), f"the task's arguments depend on {reason}")
        own = {key: self._reference(value) for key, value in arguments.items() if key in names}
        rest = {key: value for key, value in arguments.items() if key not in names}
        expand, partial = (self._references(rest.pop(key, {}), key) for key in ("expand", "partial"))
        task = decorator.call([], rest, at)
        if not expand:
            return task.call([], own, at)
        if partial:
            if own:
                words = (
                    "When using dynamic task mapping, all the task arguments should be defined in expand and partial."
                )
                refuse(at, words)
            task = task.get_attribute("partial", at).call([], partial, self.place("partial"))
        return task.get_attribute("expand", at).call([], expand, self.place("expand"))

    # -- functions ------------------------------------------------------------------------------------------------

    def _imported(self, value: Any, key: str) -> Any:
        return import_string(value, self.place(key)) if isinstance(value, str) else value

    def _from_file(self, key: str) -> Any:
        """The function that ``KEY_name`` and ``KEY_file`` give; both are taken out of the arguments."""
        at = self.place(f"{key}_name")
        name, file = (self.arguments.pop(f"{key}_{part}", None) for part in ("name", "file"))
        return callable_of_file(name, file, at)

    def _python_callable(self) -> None:
        arguments = self.arguments
        if is_true(arguments.get("python_callable")):
            arguments["python_callable"] = self._imported(arguments["python_callable"], "python_callable")
        elif not any(is_true(arguments.get(f"python_callable_{part}")) for part in ("name", "file")):
            refuse(self.place(), f"Failed to create task. PythonOperator and its kin require {_NEEDS_CALLABLE}")
        else:
            for part in ("name", "file"):
                if f"python_callable_{part}" not in arguments:
                    refuse(self.place(), f"python_callable_{part} is missing")
            arguments["python_callable"] = self._from_file("python_callable")

    def _check(self, key: str) -> None:
        """``success`` and ``failure`` of SqlSensor."""
        arguments = self.arguments
        if is_true(arguments.get(f"{key}_check_file")) and is_true(arguments.get(f"{key}_check_name")):
            arguments[key] = self._from_file(f"{key}_check")
        elif is_true(arguments.get(f"{key}_check_lambda")):
            arguments[key] = lambda_of(arguments.pop(f"{key}_check_lambda"), self.place(f"{key}_check_lambda"))

    def _response_check(self) -> None:
        key = "response_check"
        name, file, text = (self.arguments.pop(f"{key}_{part}", None) for part in ("name", "file", "lambda"))
        if is_true(name):
            self.arguments[key] = callable_of_file(name, file, self.place(f"{key}_name"))
        elif is_true(text):
            self.arguments[key] = lambda_of(text, self.place(f"{key}_lambda"))

    def _http_data(self) -> None:
        """What is sent as JSON becomes a function that gives its text."""
        arguments = self.arguments
        headers = as_mapping(arguments.get("headers", {}), self.place("headers"), "headers")
        kind, data = headers.get("Content-Type", ""), arguments.get("data")
        if data is None or not isinstance(kind, str) or "application/json" not in kind.lower():
            return
        if isinstance(data, str):
            try:
                json.loads(data)
            except ValueError as problem:
                refuse(self.place("data"), f"Invalid JSON provided: {problem}", kind="ValueError")
        elif not isinstance(data, dict | Unknown):
            refuse(self.place("data"), f"data_obj must be a dict or str, not {type_name(data)}", kind="TypeError")
        text = data if isinstance(data, str) else Unknown("the JSON of a task's data", self.place("data"))
        arguments["data"] = NativeFunction("<lambda>", lambda at, **context: text)

    # -- other arguments ------------------------------------------------------------------------------------------

    def _settle(self) -> None:
        """What every task's arguments go through (``adjust_general_task_params``)."""
        arguments = self.arguments
        if given(arguments, "execution_date_fn"):
            arguments["execution_date_fn"] = self._imported(arguments["execution_date_fn"], "execution_date_fn")
        elif given(arguments, "execution_delta"):
            arguments["execution_delta"] = stretch_of(arguments["execution_delta"], self.place("execution_delta"))
        elif given(arguments, "execution_date_fn_name", "execution_date_fn_file"):
            arguments["execution_date_fn"] = self._from_file("execution_date_fn")
        settle_callbacks(arguments, self.place)
        if given(arguments, "variables_as_arguments"):
            self._variables(arguments.pop("variables_as_arguments"))
        for key in ("inlets", "outlets"):
            if given(arguments, key):
                self._datasets(key)

    def _variables(self, variables: Any) -> None:
        """Arguments that Airflow's Variables give, where these are there."""
        path = "variables_as_arguments"
        for index, one in enumerate(as_list(variables, self.place(path), path)):
            at = self.place(path, index)
            entry = as_mapping(one, at, "a variable")
            if not given(entry, "variable", "attribute"):
                refuse(at, "a variable and an attribute are wanted")
            cls = import_string("airflow.models.Variable", at)
            value = cls.get_attribute("get", at).call([entry["variable"], None], {}, at)
            if value is not None:
                self.arguments[str(entry["attribute"])] = value

    def _datasets(self, key: str) -> None:
        """Texts among inlets and outlets are URIs; a mapping names datasets of a file."""
        value, at = self.arguments[key], self.place(key)
        if isinstance(value, dict) and given(value, "file", "datasets"):
            names = uris_of(value["file"], at)
            value = [uri for name, uri in names.items() if name in value["datasets"]]
        if self.old and at.session.dialect.value == "airflow3":
            return
        if isinstance(value, str):
            value = list(value)  # a text is taken letter by letter
        if is_true(value) and not isinstance(value, Value | list | dict):
            refuse(at, f"{key} have to be a list, not {value!r}", kind="TypeError")
        if is_true(value) and not isinstance(value, Value):
            self.arguments[key] = [dataset(one, at) if isinstance(one, str) else one for one in value]

    # -- mapping --------------------------------------------------------------------------------------------------

    def _mapping(self) -> dict[str, Any]:
        """What the task is expanded over; what is in ``partial`` becomes its other arguments."""
        arguments = self.arguments
        if not given(arguments, "expand") and not given(arguments, "partial"):
            return {}
        if "expand" not in arguments:
            refuse(self.place("partial"), "partial is given, and no expand")
        expand = as_mapping(arguments.pop("expand"), self.place("expand"), "expand")
        if given(arguments, "partial"):
            partial = as_mapping(arguments.pop("partial"), self.place("partial"), "partial")
            last = next(reversed(partial), None)  # dag-factory looks at the last one alone
            if last is not None and arguments.get(last) is not None:
                refuse(self.place("partial", last), "Duplicated partial kwarg! It's already in task_params.")
            arguments.update(partial)
        return dict(expand)

    def _expanded_over(self, expand: dict[Any, Any]) -> None:
        """Put outputs of tasks where ``task.output`` or ``XcomArg(task)`` is written."""
        for key, value in expand.items():
            if isinstance(value, bool | int | float) or value is None:
                words = f"argument of type '{type_name(value)}' is not iterable"
                refuse(self.place("expand", key), words, "give a list, or the output of a task", kind="TypeError")
            if not isinstance(value, str):
                continue
            named = [value.split(".output")[0]] if ".output" in value else []
            if not named and "XcomArg" in value:
                named = re.findall(r"\(+(.*?)\)", value)[:1]
            for name in (one for one in named if one in self.made):
                at = self.place("expand", key)
                expand[key] = self.made[name].get_attribute("output", at)

    def _references(self, values: Any, key: str) -> dict[str, Any]:
        """The arguments of a mapped function, with the results that ``+task`` names."""
        if not values:
            return {}
        found = as_mapping(values, self.place(key), key)
        return {str(name): self._reference(value) for name, value in found.items()}

    def _reference(self, value: Any) -> Any:
        found = _XCOM.match(value) if isinstance(value, str) else None
        if found is None:
            return value
        task, at = found["task"], self.place()
        if task not in self.made:
            refuse(at, f"{value!r} names no task that is made before this one", "list it among the dependencies")
        return get_item(self.made[task], found["key"], at) if found["key"] else self.made[task]
