"""Operator classes of an account: Airflow's own by their models, those of the folder on top of them."""

from __future__ import annotations

import functools
import json
from typing import Any

from goflow.domain.spec import Dialect
from goflow.parser.interpreter.classes import ClassValue
from goflow.parser.interpreter.session import Session
from goflow.parser.libraries.airflow.base_operators import base_operators
from goflow.parser.libraries.airflow.decorated_operators import decorated_operators
from goflow.parser.libraries.airflow.mapping import PARAMETERS
from goflow.parser.libraries.airflow.operator_classes import generic_class, operator_class
from goflow.parser.libraries.airflow.operator_models import BASE_OPERATOR
from goflow.parser.libraries.airflow.standard_operators import standard_operators
from goflow.parser.libraries.airflow.taskflow import decorated_class
from goflow.parser.sandbox.values import SHIM, Values


class Classes:
    """Makes classes of lineages (``_lineage`` of the shim's ``account.objects``), each once."""

    def __init__(self, session: Session, values: Values) -> None:
        self.session, self.values = session, values
        self._made: dict[str, tuple[ClassValue, int]] = {}

    def of(self, lineage: list[dict[str, Any]]) -> tuple[ClassValue, int]:
        """The class, and how many of LINEAGE, from its front, are no classes that GoFlow knows."""
        key = json.dumps(lineage)
        if key not in self._made:
            self._made[key] = self._make(lineage)
        return self._made[key]

    def _make(self, lineage: list[dict[str, Any]]) -> tuple[ClassValue, int]:
        libraries = ((number, self._library(told)) for number, told in enumerate(lineage))
        number, made = next(((number, cls) for number, cls in libraries if cls is not None), (len(lineage), None))
        made = made or operator_class(self.session, BASE_OPERATOR)
        assert made is not None
        for told in reversed(lineage[:number]):
            attributes = self.values.mapping(told["own"])
            name = told["name"]
            made = ClassValue(
                name.rpartition(".")[2], (made,), attributes, module_name=self.values.module_of(told["module"])
            )
            made.qualname = name
            made.data[PARAMETERS] = self.values.mapping(told["parameters"])
        return made, number

    def _library(self, told: dict[str, Any]) -> ClassValue | None:
        """The class by its model; None for one of the folder or of a package that nobody knows."""
        module, name = told["module"], told["name"]
        custom = told["own"].get("custom_operator_name")
        if module.startswith(SHIM):
            if told["stand_in"]:
                return decorated_class(self.session, str(custom).removeprefix("@task."))
            path = own_paths(self.session.dialect).get(name.rpartition(".")[2])
            return operator_class(self.session, path) if path is not None else None
        path = f"{module}.{name}"
        found = operator_class(self.session, path)
        return generic_class(self.session, path) if found is None and told["stand_in"] else found


@functools.cache
def own_paths(dialect: Dialect) -> dict[str, str]:
    """Names of Airflow's own operator classes, which the shim brings itself, to their paths."""
    tables = (standard_operators(dialect), decorated_operators(dialect), base_operators(dialect))
    return {path.rpartition(".")[2]: path for table in tables for path in table}
