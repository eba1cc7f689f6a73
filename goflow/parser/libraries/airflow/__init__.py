"""The part of Airflow that shapes DAGs, as models for the evaluator: DAG, operators, TaskFlow, groups, mapping, assets.

`graph`, `setup_teardown`, `operator_models`, `standard_operators`, `schedules` and `import_paths` know nothing of
evaluated values; the other modules build on them and on `goflow.parser.interpreter`. What a task does when it runs does
not belong here, nor do facts about the operators of providers (`goflow.parser.catalogue`).

Importing the package registers the models of everything below ``airflow``.
"""

from goflow.parser.interpreter.session import Session
from goflow.parser.interpreter.values import Value
from goflow.parser.libraries.registry import resolver


@resolver("airflow")
def resolve(session: Session, name: str) -> Value | None:
    """The module NAME of Airflow."""
    from goflow.parser.libraries.airflow.modules import resolve as resolve_module

    return resolve_module(session, name)
