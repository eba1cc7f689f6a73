"""What is called when runs are late: a deadline's callback (``CallbackTrigger.run``, ``execute_callback`` of Airflow 3)
and ``sla_miss_callback`` of Airflow 2 (``DagFileProcessor.manage_slas``)."""

import datetime as dt
import inspect
import json

from airflow._goflow.dag_run import moment
from airflow._goflow.deadlines import AsyncCallback
from airflow._goflow.task_instance import TaskInstance


def miss_deadline(dag, data):
    """Call the callback of the deadline of DAG at the place that DATA names. Raises whatever it raises."""
    callback = _alert(dag, data["position"]).callback
    context = data["context"]
    context["deadline"]["deadline_time"] = dt.datetime.fromisoformat(context["deadline"]["deadline_time"])
    function = _function_of(callback)
    kwargs = {**callback.kwargs, "context": context} if accepts_context(function) else dict(callback.kwargs)
    if isinstance(callback, AsyncCallback):
        from airflow._goflow.callables import run_coroutine

        run_coroutine(_awaited(function, kwargs))
        return
    found = function(**kwargs)
    if callable(found):  # an object of a class of callbacks, a notifier
        _call_object(found, context)


def _alert(dag, position):
    alerts = dag.deadline if isinstance(dag.deadline, (list, tuple)) else [dag.deadline]
    return alerts[position]


class _NoSession:
    """Airflow's database, which there is none of."""

    def __getattr__(self, name):
        raise RuntimeError("a deadline's reference has no access to Airflow's database")


def counts_from(dag, position, run_id):
    """The moment from which the deadline at POSITION counts for a run, by a class of the author's own; None without
    one. As in Airflow, the object that is asked is what ``deserialize_reference`` makes of ``serialize_reference``."""
    reference = _alert(dag, position).reference
    reference = type(reference).deserialize_reference(json.loads(json.dumps(reference.serialize_reference())))
    known = {"dag_id": dag.dag_id, "run_id": run_id}
    wanted = set(getattr(reference, "required_kwargs", ()))
    if missing := wanted - known.keys():
        raise ValueError(f"{type(reference).__name__} is missing required parameters: {', '.join(sorted(missing))}")
    return reference._evaluate_with(session=_NoSession(), **{name: known[name] for name in wanted})


def _function_of(callback):
    if not isinstance(callback.callable, str):
        return callback.callable
    from airflow._goflow.helpers import import_string

    return import_string(callback.path)


async def _awaited(function, kwargs):
    return await function(**kwargs)


def _call_object(found, context):
    if not _accepts(found, lambda one: one.kind in _BY_NAME):
        found(context)
    elif accepts_context(found):
        found(context=context)
    else:
        found()


_BY_NAME = {
    inspect.Parameter.POSITIONAL_OR_KEYWORD,
    inspect.Parameter.KEYWORD_ONLY,
    inspect.Parameter.VAR_KEYWORD,
}


def accepts_context(function):
    """Whether FUNCTION takes an argument ``context``."""
    return _accepts(function, lambda one: one.name == "context" or one.kind is inspect.Parameter.VAR_KEYWORD)


def _accepts(function, fits):
    try:
        parameters = inspect.signature(function).parameters
    except (ValueError, TypeError):
        return True
    return any(map(fits, parameters.values()))


class SlaMiss:
    """A task that was not done in time, as ``sla_miss_callback`` is told of it."""

    def __init__(self, dag_id=None, task_id=None, execution_date=None, timestamp=None, **more):
        self.dag_id, self.task_id = dag_id, task_id
        self.execution_date, self.timestamp = execution_date, timestamp
        self.email_sent = self.notification_sent = False
        self.description = None
        self.__dict__.update(more)

    @property
    def logical_date(self):
        """Its other name."""
        return self.execution_date

    def __repr__(self):
        return str((self.dag_id, self.task_id, self.execution_date.isoformat()))


class BlockingTask(TaskInstance):
    """A task instance that was in the way."""

    start_date = end_date = None

    def __init__(self, told, client, task):
        run = {"run_id": told["run_id"], "logical_date": told["logical_date"]}
        super().__init__({**told, "dag_id": task.dag.dag_id, "launch_id": "", "run": run}, client, task)
        self.state = told["state"]
        self.start_date, self.end_date = moment(told["start_date"]), moment(told["end_date"])


def tell_slas(dag, data, client):
    """The arguments of ``sla_miss_callback``: the DAG, the lists in words, and the objects."""
    slas = [
        SlaMiss(dag.dag_id, sla["task_id"], moment(sla["logical_date"]), moment(sla["missed_at"]))
        for sla in data["slas"]
    ]
    found = [told for told in data["blocking"] if told["task_id"] in dag.task_dict]
    blocking = [BlockingTask(told, client, dag.task_dict[told["task_id"]]) for told in found]
    return dag, _words(slas), _words(blocking), slas, blocking


def _words(rows):
    return "\n".join(f"{row.task_id} on {row.execution_date.isoformat()}" for row in rows)
