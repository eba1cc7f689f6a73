"""Renders the table inside Airflow 3: its task SDK's own context and templater; only the wire to the API is stood for."""

from __future__ import annotations

import datetime as dt
import uuid

import common


class Comms:
    """Answers what a task asks of its supervisor, from what the scenario gives."""

    def __init__(self, given):
        self.given = given

    def send(self, msg):
        answer = getattr(self, f"on_{type(msg).__name__}", None)
        return answer(msg) if answer else None

    async def asend(self, msg):
        return self.send(msg)

    def on_GetVariable(self, msg):
        from airflow.sdk.exceptions import ErrorType
        from airflow.sdk.execution_time.comms import ErrorResponse, VariableResult

        if msg.key not in self.given["variables"]:
            return ErrorResponse(error=ErrorType.VARIABLE_NOT_FOUND)
        return VariableResult(key=msg.key, value=self.given["variables"][msg.key])

    def on_GetConnection(self, msg):
        from airflow.sdk.exceptions import ErrorType
        from airflow.sdk.execution_time.comms import ConnectionResult, ErrorResponse

        found = self.given["connections"].get(msg.conn_id)
        if found is None:
            return ErrorResponse(error=ErrorType.CONNECTION_NOT_FOUND)
        return ConnectionResult(**found)

    def _values(self, msg):
        return [
            row for row in self.given["xcoms"]
            if (row["task_id"], row["key"]) == (msg.task_id, msg.key)
        ]  # fmt: skip

    def on_GetXCom(self, msg):
        from airflow.sdk.execution_time.comms import XComResult

        index = -1 if msg.map_index is None else msg.map_index
        found = [row["value"] for row in self._values(msg) if row["map_index"] == index]
        return XComResult(key=msg.key, value=found[0] if found else None)

    def on_GetXComSequenceSlice(self, msg):
        from airflow.sdk.execution_time.comms import XComSequenceSliceResult

        return XComSequenceSliceResult(root=[row["value"] for row in self._values(msg)])

    def on_GetXComCount(self, msg):
        from airflow.sdk.execution_time.comms import XComCountResponse

        return XComCountResponse(len=len(self._values(msg)))

    def on_GetXComSequenceItem(self, msg):
        from airflow.sdk.execution_time.comms import XComSequenceIndexResult

        return XComSequenceIndexResult(root=self._values(msg)[msg.offset]["value"])

    def on_GetPrevSuccessfulDagRun(self, msg):
        from airflow.sdk.execution_time.comms import PrevSuccessfulDagRunResult

        before = self.given["run"]["prev_success"] or {}
        return PrevSuccessfulDagRunResult(**{key: value for key, value in before.items() if key != "logical_date"})

    def on_GetAssetEventByAsset(self, msg):
        from airflow.sdk.execution_time.comms import AssetEventsResult

        return AssetEventsResult(asset_events=[])


def context_of(scenario, path, render):
    from airflow.dag_processing.dagbag import BundleDagBag
    from airflow.sdk.api.datamodels._generated import TaskInstance, TaskInstanceState, TIRunContext
    from airflow.sdk.execution_time import task_runner
    from airflow.sdk.execution_time.context import get_previous_dagrun_success

    get_previous_dagrun_success.cache_clear()
    task_runner.SUPERVISOR_COMMS = Comms(scenario)
    bag = BundleDagBag(
        dag_folder=str(path), safe_mode=False, load_op_links=False, bundle_path=path.parent, bundle_name="b"
    )
    if bag.import_errors:
        raise ImportError(str(bag.import_errors))
    dag = bag.dags["d"]
    run = {key: value for key, value in scenario["run"].items() if key not in {"prev_success", "queued_at"}}
    run.update(dag_id="d", end_date=None, state="running", partition_key=None)
    told = TaskInstance(
        id=uuid.UUID(int=1), task_id=scenario["task_id"], dag_id="d", run_id=run["run_id"],
        try_number=scenario["try_number"], dag_version_id=uuid.UUID(int=2), map_index=scenario["map_index"],
    )  # fmt: skip
    from_server = TIRunContext(dag_run=run, task_reschedule_count=0, max_tries=scenario["max_tries"])
    ti = task_runner.RuntimeTaskInstance.model_construct(
        **told.model_dump(exclude_unset=True), task=dag.task_dict[scenario["task_id"]], bundle_instance=None,
        _ti_context_from_server=from_server, max_tries=scenario["max_tries"],
        start_date=dt.datetime(2026, 1, 2, 3, 5, tzinfo=dt.UTC), state=TaskInstanceState.RUNNING, sentry_integration="",
    )  # fmt: skip
    context = ti.get_template_context()
    ti.task = context["task"] = ti.task.prepare_for_execution()
    if render or scenario["map_index"] >= 0:
        ti.render_templates(context=context, jinja_env=ti.task.dag.get_template_env())
    return context, ti.task


def run(document, place):
    import structlog

    structlog.configure(processors=[lambda *_: (_ for _ in ()).throw(structlog.DropEvent)])
    return common.of_run(document, common.lay_out(document, place), context_of)


if __name__ == "__main__":
    common.main(run)
