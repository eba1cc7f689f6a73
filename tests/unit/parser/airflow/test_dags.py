"""DAGs: which of them count, what their arguments mean under either Airflow, what is refused."""

import datetime as dt

import pytest

from goflow.domain.moments import Moment
from goflow.domain.spec import Dialect

from .reading import THREE, TWO, errors, only_dag, read

UTC = dt.UTC


@pytest.mark.parametrize(
    ("sentence", "lines", "found"),
    [
        ("a with block registers it", 'with DAG("a", schedule=None): E()', ["a"]),
        ("a global counts", 'd = DAG("a", schedule=None)', ["a"]),
        ("one that nobody keeps does not", 'DAG("a", schedule=None)', []),
        ("one in a list does not", 'ds = [DAG("a", schedule=None)]', []),
        ("one that a function keeps for itself does not", 'def f(): d = DAG("a", schedule=None)\nf()', []),
        (
            "globals() makes globals",
            'for i in range(2): globals()[f"d{i}"] = DAG(f"a{i}", schedule=None)',
            ["a0", "a1"],
        ),
        ("auto_register=False needs a global", 'with DAG("a", schedule=None, auto_register=False): E()', []),
        ("@dag registers when it is called", "@dag(schedule=None)\ndef a(): E()\na()", ["a"]),
        ("@dag does nothing uncalled", "@dag(schedule=None)\ndef a(): E()", []),
        ("@dag without arguments", "@dag\ndef a(): E()\na()", ["a"]),
        ("@dag takes an id", '@dag("b", schedule=None)\ndef a(): E()\na()', ["b"]),
        ("@dag takes an id by name", '@dag(dag_id="b", schedule=None)\ndef a(): E()\na()', ["b"]),
        (
            "the later of one id holds",
            'with DAG("a", schedule=None): E("x")\nwith DAG("a", schedule=None): E("y")',
            ["a"],
        ),
        ("an empty DAG is one", 'with DAG("a", schedule=None): pass', ["a"]),
        ("a deleted global counts when it was opened", 'with DAG("a", schedule=None) as d: E()\ndel d', ["a"]),
    ],
)
def test_which_dags_count(sentence, lines, found):
    result = read(lines)
    assert errors(result) == []
    assert [dag.dag_id for dag in result.dags] == found, sentence


@pytest.mark.parametrize(
    ("given", "types"),
    [
        ("None", None),
        ("[]", None),
        ("DagRunType.MANUAL", ("manual",)),
        ('["backfill", DagRunType.MANUAL]', ("backfill", "manual")),
        ('{"manual", "operator_triggered"}', ("manual", "operator_triggered")),
    ],
)
def test_which_types_of_runs_a_dag_allows(given, types):
    head = "from airflow.utils.types import DagRunType\n"
    found = only_dag(f'{head}with DAG("a", allowed_run_types={given}, rerun_with_latest_version=True): E()', THREE)
    assert (found.allowed_run_types, found.rerun_with_latest_version) == (types, True)


def test_defaults_differ_between_the_two_airflows():
    two = only_dag('with DAG("a", start_date=START): E()', TWO)
    three = only_dag('with DAG("a", start_date=START): E()', THREE)
    assert (two.catchup, two.schedule.timetable, two.schedule.every_s) == (True, "DeltaDataIntervalTimetable", 86400)
    assert (three.catchup, three.schedule.kind) == (False, "none")


@pytest.mark.parametrize(
    ("schedule", "two", "three"),
    [
        ("None", ("none", "NullTimetable"), ("none", "NullTimetable")),
        ('"@once"', ("once", "OnceTimetable"), ("once", "OnceTimetable")),
        ('"@daily"', ("cron", "CronDataIntervalTimetable"), ("cron", "CronTriggerTimetable")),
        ('"5 4 * * *"', ("cron", "CronDataIntervalTimetable"), ("cron", "CronTriggerTimetable")),
        ("timedelta(hours=1)", ("delta", "DeltaDataIntervalTimetable"), ("delta", "DeltaTriggerTimetable")),
    ],
)
def test_a_plain_schedule_is_another_timetable_under_the_other_airflow(schedule, two, three):
    found = {}
    for dialect in (TWO, THREE):
        dag = only_dag(f'with DAG("a", schedule={schedule}, start_date=START): E()', dialect)
        found[dialect] = (dag.schedule.kind, dag.schedule.timetable)
    assert found == {TWO: two, THREE: three}


@pytest.mark.parametrize(
    ("preset", "cron"),
    [
        ("@hourly", "0 * * * *"),
        ("@daily", "0 0 * * *"),
        ("@weekly", "0 0 * * 0"),
        ("@monthly", "0 0 1 * *"),
        ("@quarterly", "0 0 1 */3 *"),
        ("@yearly", "0 0 1 1 *"),
    ],
)
def test_presets_are_written_out(preset, cron):
    assert only_dag(f'with DAG("a", schedule="{preset}", start_date=START): E()').schedule.crons == (cron,)


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (
            'CronTriggerTimetable("0 1 * * *", timezone="Europe/Paris")',
            {"crons": ("0 1 * * *",), "timezone": "Europe/Paris"},
        ),
        (
            'CronTriggerTimetable("@daily", timezone="UTC", interval=timedelta(days=1))',
            {"interval_s": 86400.0, "interval": False},
        ),
        ('CronDataIntervalTimetable("0 2 * * *", "UTC")', {"crons": ("0 2 * * *",), "interval": True}),
        ("DeltaTriggerTimetable(timedelta(hours=2))", {"every_s": 7200.0, "interval": False}),
        ("DeltaDataIntervalTimetable(timedelta(hours=2))", {"every_s": 7200.0, "interval": True}),
        (
            'MultipleCronTriggerTimetable("0 1 * * *", "0 2 * * *", timezone="UTC")',
            {"crons": ("0 1 * * *", "0 2 * * *")},
        ),
    ],
)
def test_timetable_objects(made, expected):
    schedule = only_dag(f'with DAG("a", schedule={made}, start_date=START): E()').schedule
    assert schedule.timetable == made.partition("(")[0]
    assert {name: getattr(schedule, name) for name in expected} == expected


def test_a_calendar_delta_keeps_its_months():
    lines = 'from dateutil.relativedelta import relativedelta\nwith DAG("a", schedule=relativedelta(months=1), start_date=START): E()'
    schedule = only_dag(lines).schedule
    assert (schedule.kind, schedule.every_s, schedule.relative) == ("delta", None, {"months": 1})


def test_a_timetable_of_the_authors_own_is_told_by_its_class():
    lines = """
        from airflow.timetables.base import Timetable
        class Workdays(Timetable):
            def __init__(self, hour): self.hour = hour
        with DAG("a", schedule=Workdays(7), start_date=START): E()
    """
    schedule = only_dag(lines).schedule
    assert (schedule.kind, schedule.timetable, schedule.arguments["hour"]) == ("custom", "Workdays", 7)


@pytest.mark.parametrize(
    ("sentence", "arguments", "dialect", "start", "zone"),
    [
        ("naive is UTC", "start_date=datetime(2024, 1, 1)", THREE, "2024-01-01T00:00:00+00:00", "UTC"),
        (
            "its zone is the DAG's",
            "start_date=datetime(2024, 6, 1, tzinfo=timezone(timedelta(hours=2)))",
            THREE,
            "2024-05-31T22:00:00+00:00",
            "+02:00",
        ),
        ("default_args give it in 3", 'default_args={"start_date": START}', THREE, "2024-01-01T00:00:00+00:00", "UTC"),
        ("default_args do not in 2", 'default_args={"start_date": START}', TWO, None, "UTC"),
        ("but a text there does", 'default_args={"start_date": "2024-01-01"}', TWO, "2024-01-01T00:00:00+00:00", "UTC"),
        ("an explicit None is none", 'start_date=None, default_args={"start_date": START}', THREE, None, "UTC"),
    ],
)
def test_start_dates(sentence, arguments, dialect, start, zone):
    dag = only_dag(f'with DAG("a", schedule=None, {arguments}): E()', dialect)
    found = dag.start_date.at.isoformat() if dag.start_date else None
    assert (found, dag.timezone) == (start, zone), sentence


def test_days_ago_stays_a_symbol():
    dag = only_dag('with DAG("a", schedule=None, start_date=days_ago(2)): E()', TWO)
    assert dag.start_date == Moment(truncate="day", zone="UTC", offset_s=-2 * 86400)


def test_a_naive_end_date_is_utc_whatever_the_start():
    lines = """
        berlin = timezone(timedelta(hours=1))
        with DAG("a", schedule=None, start_date=datetime(2024, 1, 1, tzinfo=berlin), end_date=datetime(2025, 1, 1)): E()
    """
    assert only_dag(lines).end_date == Moment(at=dt.datetime(2025, 1, 1, tzinfo=UTC))


def test_everything_else_that_a_dag_says():
    dag = only_dag("""
        def told(context): ...
        with DAG(
            "a", schedule=None, start_date=START, description="what", tags=["b", "a"], max_active_runs=2,
            max_active_tasks=3, max_consecutive_failed_dag_runs=4, dagrun_timeout=timedelta(minutes=5), fail_fast=True,
            on_failure_callback=[told], on_success_callback=told, is_paused_upon_creation=True, doc_md="# doc",
            render_template_as_native_obj=True, user_defined_macros={"m": 1}, user_defined_filters={"f": fn},
            template_searchpath="/sql", dag_display_name="Shown", jinja_environment_kwargs={"trim_blocks": True},
            params={"plain": 1, "checked": Param("x", type="string", description="why"), "asked": Param(type="integer")},
        ) as dag:
            E()
    """)
    assert (dag.description, dag.tags, dag.doc, dag.display_name) == ("what", ("a", "b"), "# doc", "Shown")
    assert (dag.max_active_runs, dag.max_active_tasks, dag.max_consecutive_failed_dag_runs) == (2, 3, 4)
    assert (dag.dagrun_timeout, dag.fail_fast, dag.native, dag.is_paused_upon_creation) == (300.0, True, True, True)
    assert dag.callbacks == {
        "on_success_callback": {"$callable": "file:told"},
        "on_failure_callback": [{"$callable": "file:told"}],
    }
    assert (dag.user_defined_macros, dag.user_defined_filters) == (("m",), ("f",))
    assert (dag.template_searchpath, dag.jinja_environment_kwargs) == (("/sql",), {"trim_blocks": True})
    assert dag.params == {"plain": 1, "checked": "x", "asked": None}
    assert dag.param_schemas == {
        "checked": {"type": "string", "description": "why"},
        "asked": {"type": "integer", "x-no-default": True},
    }


def test_params_in_default_args_are_the_dags():
    assert only_dag('with DAG("a", schedule=None, default_args={"params": {"x": 1}}): E()').params == {"x": 1}


def test_arguments_of_a_dag_function_are_params():
    dag = only_dag("@dag(schedule=None)\ndef a(table='t', n=2):\n    B(env={'T': table})\na(n=5)")
    assert dag.params == {"table": "t", "n": 5}
    assert dag.tasks[0].fields["env"]["T"]["$object"]["class"] == "DagParam"


@pytest.mark.parametrize(
    ("sentence", "lines", "dialect", "told"),
    [
        (
            "letters of an id",
            'with DAG("a b", schedule=None): E()',
            THREE,
            "GF205 ValueError: The key 'a b' has to be made",
        ),
        ("no id", "with DAG(schedule=None): E()", THREE, "GF203 TypeError: DAG.__init__() missing 1 required"),
        (
            "an argument there is not",
            'with DAG("a", scedule=None): E()',
            THREE,
            "GF204 TypeError: DAG.__init__() got an unexp",
        ),
        (
            "a schedule that is none",
            'with DAG("a", schedule=3, start_date=START): E()',
            THREE,
            "GF206 ValueError: 3 is not a valid",
        ),
        ("a cron that is none", 'with DAG("a", schedule="a b c", start_date=START): E()', THREE, "GF206"),
        ("a preset that is none", 'with DAG("a", schedule="@dayly", start_date=START): E()', THREE, "GF206"),
        (
            "a delta backwards",
            'with DAG("a", schedule=timedelta(-1), start_date=START): E()',
            THREE,
            "GF206 schedule interval",
        ),
        ("@continuous with many runs", 'with DAG("a", schedule="@continuous", start_date=START): E()', THREE, "GF203"),
        (
            "a schedule without a start, in 2",
            'with DAG("a", schedule="@daily"): E()',
            TWO,
            "GF203 ValueError: DAG is missing",
        ),
        ("catchup without a start, in 3", 'with DAG("a", schedule="@daily", catchup=True): E()', THREE, "GF203"),
        (
            "a type of run there is none of",
            'with DAG("a", allowed_run_types=["often"]): E()',
            THREE,
            "GF203 ValueError",
        ),
        (
            "one that leaves out its own",
            'with DAG("a", allowed_run_types=["scheduled"]): E()',
            THREE,
            "GF203 ValueError",
        ),
        ("a start that is a date", 'with DAG("a", schedule=None, start_date=date(2024, 1, 1)): E()', THREE, "GF203"),
        (
            "a tag too long",
            'with DAG("a", schedule=None, tags=["x" * 101]): E()',
            THREE,
            "GF203 ValueError: tag cannot be",
        ),
        ("a count that is a text", 'with DAG("a", schedule=None, max_active_runs="3"): E()', THREE, "GF203 TypeError"),
        ("default_args that are none", 'with DAG("a", schedule=None, default_args=[1]): E()', THREE, "GF203 TypeError"),
        (
            "a scheduled DAG with a param that nobody fills in",
            'with DAG("a", schedule="@daily", start_date=START, params={"x": Param(type="integer")}): E()',
            THREE,
            "GF203 ValueError: Dag 'a' is not allowed to define a Schedule",
        ),
        (
            "a param without JSON",
            'with DAG("a", schedule=None, params={"x": Param({1})}): E()',
            THREE,
            "GF004 airflow.exc",
        ),
        (
            "two schedules, in 2",
            'with DAG("a", schedule="@daily", schedule_interval="@daily", start_date=START): E()',
            TWO,
            "GF203",
        ),
    ],
)
def test_refused(sentence, lines, dialect, told):
    result = read(lines, dialect)
    assert result.dags == ()
    (error,) = errors(result)
    assert error.startswith(told), sentence


def test_a_wrong_argument_comes_with_the_right_one():
    (problem,) = read('with DAG("a", scedule=None): E()').diagnostics
    assert (problem.code, problem.hint, problem.span.line > 0) == ("GF204", "did you mean 'schedule'?", True)


def test_what_airflow_refuses_the_file_can_catch():
    dag = only_dag(
        'try:\n    DAG("a b")\nexcept ValueError as problem:\n    said = str(problem)\nd = DAG("ok", description=said[:7])'
    )
    assert dag.description == "The key"


def test_one_bad_dag_leaves_the_others_of_the_file_alone():
    lines = """
        with DAG("bad", schedule="1 2 3", start_date=START): E()
        with DAG("good", schedule="1 2 3 * *", start_date=START): E()
        with DAG("round", schedule=None):
            a, b = E("a"), E("b")
            a >> b >> a
    """
    result = read(lines)
    assert [dag.dag_id for dag in result.dags] == ["good"]
    assert {problem.dag_id: problem.code for problem in result.diagnostics} == {"bad": "GF206", "round": "GF201"}


def test_the_dialect_and_where_it_comes_from_are_kept():
    dag = only_dag('with DAG("a", schedule=None): E()')
    assert (dag.dialect, dag.dialect_source, dag.line) == (Dialect.AIRFLOW3, "default", 18)


OWN_ADD_TASK = """
class Queued(DAG):
    def add_task(self, task):
        task.queue = f"{self.dag_id}-{task.task_id}"
        super().add_task(task)
with Queued("q", schedule=None, default_args={"queue": "given"}) as dag:
    with TaskGroup("g"):
        E("a") >> BashOperator.partial(task_id="m").expand(bash_command=["x"])
    E("b")
late = EmptyOperator(task_id="late")
late.dag = dag
"""


def test_a_dag_class_of_the_file_may_take_tasks_in_its_own_way():
    dag = only_dag(OWN_ADD_TASK)
    assert {task.task_id: (task.queue, task.group) for task in dag.tasks if not task.mapped} == {
        "g.a": ("q-g.a", "g"),
        "b": ("q-b", None),
        "late": ("q-late", None),
    }
    assert dag.task("g.m").group == "g"


def test_a_queue_that_is_given_as_none_stays_none():
    dag = only_dag('with DAG("d", schedule=None, default_args={"queue": None}): E("a"); E("b", queue="q")')
    assert [task.queue for task in dag.tasks] == [None, "q"]


@pytest.mark.parametrize(
    "init", ["", "    def __init__(self, cron, zone, more=1):\n        super().__init__(cron, zone)\n"]
)
def test_a_timetable_that_derives_from_one_of_airflows_keeps_its_cron(init):
    own = f"class Own(CronDataIntervalTimetable):\n{init or '    more = 1'}\n"
    dag = only_dag(own + 'with DAG("d", schedule=Own("0 4 * * *", "Europe/Rome")): E()')
    found = dag.schedule
    assert (found.kind, found.timetable, found.crons, found.timezone) == (
        "custom",
        "Own",
        ("0 4 * * *",),
        "Europe/Rome",
    )


@pytest.mark.parametrize("stops", [True, False])
def test_the_limit_of_airflow_2_is_called_fail_stop(stops):
    dag = only_dag(f'with DAG("d", schedule=None, fail_stop={stops}): E()', TWO)
    assert dag.fail_fast is stops
