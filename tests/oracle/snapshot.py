"""Run the oracle's airflow_snapshot.py as it is, but for one thing that its own patch of Airflow takes away.

    python -P snapshot.py PATH/airflow_snapshot.py FOLDER ...

The script gives BaseOperator's metaclass a ``__call__`` to remember every call's arguments. From then on
``inspect.signature(BaseOperator)`` is that of the patch, and Airflow, which asks it in ``_TaskDecorator._expand`` which
default arguments a mapped TaskFlow task may take, finds none. Here the signature stays what it is without the patch.
Runs in Airflow's interpreter: nothing of this repository can be imported.
"""

from __future__ import annotations

import importlib.util
import inspect
import sys


def keep_signatures() -> None:
    """Have operator classes tell the signature that they have without a metaclass's ``__call__``."""
    try:
        from airflow.sdk.bases.operator import BaseOperator
    except ImportError:
        from airflow.models.baseoperator import BaseOperator

    def signature(cls):  # type: ignore[no-untyped-def]
        whole = inspect.signature(cls.__init__)
        return whole.replace(parameters=list(whole.parameters.values())[1:])

    type(BaseOperator).__signature__ = property(signature)


def main() -> None:
    script = sys.argv.pop(1)
    spec = importlib.util.spec_from_file_location("airflow_snapshot", script)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    remember = module.remember_arguments

    def remember_arguments() -> None:
        keep_signatures()
        remember()

    module.remember_arguments = remember_arguments
    module.main()


if __name__ == "__main__":
    main()
