"""What is called when runs are late: with the arguments that Airflow gives."""

from __future__ import annotations

import pytest
from airflow._goflow import asking

DEADLINES = """
from datetime import timedelta
from airflow.sdk import DAG, AsyncCallback, BaseNotifier, DeadlineAlert, DeadlineReference, SyncCallback
from airflow.providers.standard.operators.empty import EmptyOperator

async def late(context, text):
    print("late", text, context["dag_run"]["dag_run_id"], context["deadline"]["deadline_time"].isoformat())

async def anything(**kwargs):
    print("anything", sorted(kwargs))

def bare(text):
    print("bare", text)

def broken(**kwargs):
    raise ValueError("broken callback")

class Notifier(BaseNotifier):
    template_fields = ("text",)
    def __init__(self, text, **kwargs):
        super().__init__(**kwargs)
        self.text = text
    def notify(self, context):
        print("notified", self.text, sorted(context))
    async def async_notify(self, context):
        print("awaited", self.text, sorted(context))

def alert(callback):
    return DeadlineAlert(DeadlineReference.DAGRUN_QUEUED_AT, timedelta(hours=1), callback)

with DAG("d", schedule=None, deadline=[
    alert(AsyncCallback(late, {"text": "x"})),
    alert(AsyncCallback(anything, {"y": 1})),
    alert(SyncCallback(bare, {"text": "z"})),
    alert(SyncCallback(broken)),
    alert(AsyncCallback(Notifier, {"text": "{{ dag_run.dag_run_id }}"})),
    alert(SyncCallback(Notifier, {"text": "{{ dag_run.dag_run_id }}"})),
    alert(SyncCallback("beside.elsewhere", {"text": "w"})),
]):
    EmptyOperator(task_id="t")
"""

SLAS = """
from datetime import datetime, timedelta
from airflow import DAG
from airflow.operators.empty import EmptyOperator

def late(dag, task_list, blocking_task_list, slas, blocking_tis):
    print("late", dag.dag_id, repr(task_list), repr(blocking_task_list))
    print([(sla.task_id, sla.execution_date.isoformat(), sla.timestamp.isoformat()) for sla in slas])
    print([(ti.task_id, ti.state, ti.execution_date.isoformat(), ti.start_date, ti.operator) for ti in blocking_tis])

def broken(*args):
    raise ValueError("broken callback")

with DAG("d", start_date=datetime(2026, 1, 1), sla_miss_callback=[broken, late]):
    EmptyOperator(task_id="t", sla=timedelta(hours=1))
"""


@pytest.fixture
def call(dags, call_back):
    """Calls back; whether nothing has raised, and what was printed."""

    def now(kind: str, data, dialect: str = "airflow3"):
        return call_back(kind, dags.given(dialect=dialect), launch_id=None, task=None, data=data)

    return now


@pytest.mark.parametrize(
    ("position", "ok", "said"),
    [
        pytest.param(0, True, "late x r 2026-01-02T03:00:00+00:00", id="a coroutine function"),
        pytest.param(1, True, "anything ['context', 'y']", id="one that takes anything"),
        pytest.param(2, True, "bare z", id="a function that wants no context"),
        pytest.param(3, False, "ValueError: broken callback", id="one that raises"),
        pytest.param(4, True, "awaited r ['dag_run', 'deadline', 'text']", id="a notifier that is awaited"),
        pytest.param(5, True, "notified r ['dag_run', 'deadline', 'text']", id="a notifier that is called"),
        pytest.param(6, True, "elsewhere w", id="a function by its name"),
    ],
)
def test_the_callback_of_a_deadline_is_given_its_own_arguments_and_the_context(dags, call, position, ok, said):
    dags.write(DEADLINES)
    (dags.folder / "beside.py").write_text("def elsewhere(text):\n    print('elsewhere', text)\n")
    deadline = {"id": "1", "deadline_time": "2026-01-02T03:00:00+00:00"}
    context = {"dag_run": {"dag_run_id": "r", "dag_id": "d"}, "deadline": deadline}
    done, printed = call("deadline", {"position": position, "context": context})
    assert (done, said in printed) == (ok, True), printed


def test_the_callback_of_slas_is_given_lists_in_words_and_the_objects(dags, call):
    dags.write(SLAS)
    date = "2026-01-02T03:00:00+00:00"
    sla = {"task_id": "t", "logical_date": date, "missed_at": "2026-01-02T05:00:00+00:00"}
    blocking = {
        "task_id": "t", "run_id": "r", "map_index": -1, "try_number": 1, "max_tries": 0, "state": "queued",
        "start_date": None, "end_date": None, "logical_date": date,
    }  # fmt: skip
    data = {"slas": [sla], "blocking": [blocking, {**blocking, "task_id": "gone"}]}
    ok, printed = call("sla_miss", data, dialect="airflow2")
    assert not ok, "the first one has raised, and the second was called"
    assert f"late d 't on {date}' 't on {date}'" in printed
    assert f"[('t', '{date}', '2026-01-02T05:00:00+00:00')]" in printed
    assert f"[('t', 'queued', '{date}', None, 'EmptyOperator')]" in printed


OWN = """
from datetime import datetime, timedelta, timezone
from airflow.sdk import DAG, AsyncCallback, BaseDeadlineReference, DeadlineAlert, DeadlineReference, deadline_reference
from airflow.providers.standard.operators.empty import EmptyOperator

async def late(): ...

@deadline_reference
class Own(BaseDeadlineReference):
    required_kwargs = {"dag_id", "run_id"}
    def _evaluate_with(self, *, session, dag_id, run_id):
        return datetime(2026, 1, 2, tzinfo=timezone.utc) if (dag_id, run_id) == ("d", "r") else None

@deadline_reference(DeadlineReference.TYPES.DAGRUN_QUEUED)
class Asks(BaseDeadlineReference):
    def _evaluate_with(self, *, session):
        return session.scalar("select 1")

@deadline_reference()
class Wants(BaseDeadlineReference):
    required_kwargs = {"task_id"}

def alert(reference):
    return DeadlineAlert(reference, timedelta(hours=1), AsyncCallback(late))

with DAG("d", schedule=None, deadline=[alert(DeadlineReference.Own), alert(Asks()), alert(Wants())]):
    EmptyOperator(task_id="t")
"""


@pytest.mark.parametrize(
    ("position", "run_id", "told"),
    [
        pytest.param(0, "r", "2026-01-02T00:00:00+00:00", id="a moment"),
        pytest.param(0, "other", None, id="none"),
        pytest.param(1, "r", "no access to Airflow's database", id="one that asks the database"),
        pytest.param(2, "r", "missing required parameters: task_id", id="one that wants more than there is"),
    ],
)
def test_a_reference_of_the_authors_own_is_asked(dags, position, run_id, told):
    dags.write(OWN)
    info = {"kind": "deadline", "asked": {"position": position, "run": {"run_id": run_id}}}
    if position == 0:
        assert asking.ask(dags.load(), info) == told
        return
    with pytest.raises((RuntimeError, ValueError), match=told):
        asking.ask(dags.load(), info)
