"""YAML whose DAGs are made of operators, by the models that Python files use: Airflow's own and dag-factory's."""

from __future__ import annotations

import dataclasses

import yaml

from goflow.domain.spec import DagSpec, FileFormat
from goflow.parser.interpreter.values import At, Raised
from goflow.parser.libraries.airflow.dialects import code_and_hint
from goflow.parser.libraries.dagfactory.factory import Factory
from goflow.parser.lower import collect
from goflow.parser.yaml.airflow.building import Building
from goflow.parser.yaml.airflow.grammar import read
from goflow.parser.yaml.kinds import Kind
from goflow.parser.yaml.located import DocumentModule, documents


def evaluate(module: DocumentModule, kind: Kind, told: str) -> list[DagSpec]:
    """The DAGs of the file that MODULE is, in the format KIND; TOLD is its path as tasks see it.

    What is wrong is told to the session, or raised as an exception of the file.
    """
    if kind is Kind.AIRFLOW:
        complete = _airflow(module)
    else:
        factory = Factory(At(module.session, module, None), told, None, module.session.parse_path, None)
        module.names.update(factory.dags())
        complete = True
    dags = collect(module.session, module) if complete else []
    return [dataclasses.replace(dag, file_format=FileFormat.YAML) for dag in dags]


def _airflow(module: DocumentModule) -> bool:
    """Make the DAGs of all documents. Airflow takes all of them or none: false where something is wrong with one."""
    session = module.session
    complete = True
    lines: dict[str, int] = {}
    for document in documents(module.source, module.path, session, yaml.SafeLoader):
        if document.value is None:
            continue
        dag = read(document)
        if dag is None:
            complete = False
            continue
        at = dag.teller.at(("dag_id",))
        if dag.dag_id in lines:
            words = f"line {lines[dag.dag_id]} already defines a DAG {dag.dag_id!r}"
            session.report("GF007", words, at)
            complete = False
        lines.setdefault(dag.dag_id, at.line)
        building = Building(dag, session)
        try:
            complete &= session.guarded(lambda at, building=building: building.build(), at, (), {}, "the importer")
        except Raised as problem:
            code, hint = code_and_hint(problem, session)
            session.report(code, problem.message, problem.at, hint=hint)
            complete = False
    return complete
