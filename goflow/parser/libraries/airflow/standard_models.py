"""Where the standard operators stand, and how an entry of their tables is made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from goflow.parser.libraries.airflow.operator_models import BASE_OPERATOR, OperatorModel, Settling

OPERATORS = "airflow.providers.standard.operators"


SENSORS = "airflow.providers.standard.sensors"


PYTHON_OPERATOR = f"{OPERATORS}.python.PythonOperator"


VIRTUALENV_BASE = f"{OPERATORS}.python._BasePythonVirtualenvOperator"


EMAIL_OPERATOR_2 = "airflow.operators.email.EmailOperator"


SUB_DAG_OPERATOR = "airflow.operators.subdag.SubDagOperator"


def model(
    path: str,
    fields: str | None = None,
    ext: str | None = None,
    bases: tuple[str, ...] = (BASE_OPERATOR,),
    settle: Callable[[Settling], None] | None = None,
    hook: Callable[..., None] | None = None,
    attributes: Mapping[str, Any] | None = None,
    **parameters: Any,
) -> OperatorModel:
    return OperatorModel(
        path=path,
        bases=bases,
        parameters=parameters,
        template_fields=None if fields is None else tuple(fields.split()),
        template_ext=None if ext is None else tuple(ext.split()),
        attributes=attributes or {},
        settle=settle,
        hook=hook,
    )
