"""Renders the table inside Airflow 2, with rows in a metadata database of its own."""

from __future__ import annotations

import datetime as dt
import logging
import warnings

import common


def _at(text):
    return None if text is None else dt.datetime.fromisoformat(text)


def _fill(session, given):
    """Variables and connections."""
    from airflow.models import Connection, Variable

    for key, value in given["variables"].items():
        session.add(Variable(key=key, val=value))
    for values in given["connections"].values():
        session.add(Connection(**values))
    session.commit()


_KEPT = {"alembic_version", "alembic_version_fab", "variable", "connection", "slot_pool", "log_template"}


def _empty(session):
    """Take everything out but what is given once."""
    from sqlalchemy import inspect, text

    session.rollback()
    session.expunge_all()
    session.execute(text("PRAGMA foreign_keys = OFF"))
    for table in inspect(session.get_bind()).get_table_names():
        if table not in _KEPT and not table.startswith("ab_"):
            session.execute(text(f'DELETE FROM "{table}"'))
    session.commit()


def _run(dag, values, session, state):
    from airflow.utils.types import DagRunType

    kind = {"asset_triggered": "dataset_triggered"}.get(values["run_type"], values["run_type"])
    made = dag.create_dagrun(
        state=state, execution_date=_at(values["logical_date"]), run_id=values["run_id"], session=session,
        start_date=_at(values["start_date"]), external_trigger=kind == "manual", conf=values.get("conf") or {},
        run_type=DagRunType(kind),
        data_interval=(_at(values["data_interval_start"]), _at(values["data_interval_end"])),
    )  # fmt: skip
    made.start_date, made.end_date = _at(values["start_date"]), _at(values.get("end_date"))
    session.commit()
    return made


def _consume(run, dag, events, session):
    from airflow.models.dataset import DatasetEvent, DatasetModel
    from sqlalchemy import select

    for event in events:
        dataset = session.scalar(select(DatasetModel).where(DatasetModel.uri == event["asset"]["uri"]))
        names = ("extra", "source_dag_id", "source_task_id", "source_run_id", "source_map_index")
        made = DatasetEvent(
            dataset_id=dataset.id, timestamp=_at(event["timestamp"]), **{name: event[name] for name in names}
        )
        session.add(made)
        run.consumed_dataset_events.append(made)
    session.commit()


def context_of(scenario, path, render):
    from airflow.models import DagBag, XCom
    from airflow.settings import Session
    from airflow.utils.state import DagRunState

    session = Session()
    _empty(session)
    bag = DagBag(dag_folder=str(path), include_examples=False, safe_mode=False, load_op_links=False)
    if bag.import_errors:
        raise ImportError(str(bag.import_errors))
    dag = bag.dags["d"]
    dag.sync_to_db(session=session)
    session.commit()
    values = scenario["run"]
    if values["prev_success"]:
        before = {**values["prev_success"], "run_id": "before", "run_type": "scheduled"}
        _run(dag, before, session, DagRunState.SUCCESS)
    run = _run(dag, values, session, DagRunState.RUNNING)
    _consume(run, dag, values["consumed_asset_events"], session)
    for row in scenario["xcoms"]:
        if run.get_task_instance(row["task_id"], map_index=row["map_index"], session=session):
            XCom.set(row["key"], row["value"], dag_id="d", task_id=row["task_id"], run_id=run.run_id,
                     map_index=row["map_index"], session=session)  # fmt: skip
    session.commit()
    ti = run.get_task_instance(scenario["task_id"], map_index=scenario["map_index"], session=session)
    ti.try_number, ti.max_tries, ti.state = scenario["try_number"], scenario["max_tries"], "running"
    ti.start_date = dt.datetime(2026, 1, 2, 3, 5, tzinfo=dt.UTC)
    session.commit()
    ti.refresh_from_task(dag.get_task(scenario["task_id"]))
    ti.task = dag.get_task(scenario["task_id"]).prepare_for_execution()
    context = ti.get_template_context(session=session, ignore_param_exceptions=False)
    ti.task.params = context["params"]
    if render or scenario["map_index"] >= 0:
        ti.render_templates(context=context, jinja_env=dag.get_template_env())
    return context, ti.task


def run(document, place):
    warnings.simplefilter("ignore")
    from airflow.settings import Session

    logging.disable(logging.CRITICAL)
    session = Session()
    _empty(session)
    scenario = next(iter(document["runs"].values()))
    _fill(session, scenario)
    return common.of_run(document, common.lay_out(document, place), context_of)


if __name__ == "__main__":
    common.main(run)
