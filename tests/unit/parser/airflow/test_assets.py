"""Assets and datasets: what DAGs wait for, what tasks give, and functions that are both."""

import pytest

from .reading import TWO, errors, in_dag, only_dag, read


def asset(uri, name=None):
    return {"$asset": {"uri": uri, "name": name or uri}}


@pytest.mark.parametrize(
    ("schedule", "condition", "assets"),
    [
        ('Asset("s3://a")', asset("s3://a/", "s3://a"), ("s3://a/",)),
        ('[Asset("a"), Asset("b")]', {"all": [asset("a"), asset("b")]}, ("a", "b")),
        ('Asset("a") & Asset("b")', {"all": [asset("a"), asset("b")]}, ("a", "b")),
        ('Asset("a") | Asset("b") | Asset("c")', {"any": [asset("a"), asset("b"), asset("c")]}, ("a", "b", "c")),
        (
            'Asset("a") | (Asset("b") & Asset("c"))',
            {"any": [asset("a"), {"all": [asset("b"), asset("c")]}]},
            ("a", "b", "c"),
        ),
        ('AssetAny(Asset("a"), AssetAlias("x"))', {"any": [asset("a"), {"$asset_alias": "x"}]}, ("a", "x")),
        ('Asset(name="n", uri="file://x/y/")', asset("file://x/y", "n"), ("file://x/y",)),
        ('Asset.ref(name="n")', {"$asset": {"name": "n", "ref": "name"}}, ("n",)),
    ],
)
def test_conditions(schedule, condition, assets):
    found = only_dag(f'with DAG("a", schedule={schedule}): E()').schedule
    assert (found.kind, found.timetable) == ("assets", "AssetTriggeredTimetable")
    assert (found.condition, found.assets) == (condition, assets)


def test_assets_or_time():
    made = 'AssetOrTimeSchedule(timetable=CronTriggerTimetable("0 1 * * *", timezone="UTC"), assets=[Asset("a")])'
    found = only_dag(f'with DAG("a", schedule={made}, start_date=START): E()').schedule
    assert (found.kind, found.time.crons, found.assets) == ("asset_or_time", ("0 1 * * *",), ("a",))


def test_datasets_of_airflow_2():
    found = only_dag(
        'with DAG("a", schedule=[Dataset("s3://x/"), DatasetAlias("y")], start_date=START): E()', TWO
    ).schedule
    assert found.timetable == "DatasetTriggeredTimetable"
    assert found.condition == {"all": [{"$asset": {"uri": "s3://x/"}}, {"$asset_alias": "y"}]}
    assert found.assets == ("s3://x/",)


def test_a_function_that_is_an_asset():
    result = read("""
        @asset(uri="s3://b/one", schedule="@daily", tags=["t"])
        def one(): ...
        @asset(schedule=one)
        def two(self, context, one, other): ...
        @asset.multi(schedule=None, outlets=[Asset("x"), Asset("y")])
        def many(): ...
        with DAG("last", schedule=[one, two, many]): E()
    """)
    assert errors(result) == []
    dags = {dag.dag_id: dag for dag in result.dags}
    assert list(dags) == ["one", "two", "many", "last"]
    task = dags["two"].task("two")
    assert task.operator == "_AssetMainOperator"
    assert task.outlets == ({"$asset": {"uri": "two", "name": "two", "class": "AssetDefinition"}},)
    assert [inlet["$object"]["condition"]["$asset"]["name"] for inlet in task.inlets] == ["one", "other"]
    assert (dags["one"].tags, dags["one"].catchup, dags["two"].schedule.assets) == (("t",), False, ("s3://b/one",))
    assert dags["many"].task("many").outlets == (asset("x"), asset("y"))
    assert dags["last"].schedule.assets == ("s3://b/one", "two", "x", "y")


def test_a_task_that_is_an_asset():
    (dag,) = read("@asset(schedule=None)\n@task.bash(retries=2)\ndef one(): return 'true'").dags
    assert (dag.tasks[0].operator, dag.tasks[0].retries, len(dag.tasks[0].outlets)) == ("_BashDecoratedOperator", 2, 1)


def test_inlets_and_outlets_of_a_task():
    task = in_dag('x = Asset("x")\nE("a", outlets=[x, AssetAlias("y")], inlets=x)').tasks[0]
    assert (task.outlets, task.inlets) == ((asset("x"), {"$asset_alias": "y"}), (asset("x"),))


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ('Asset("")', "GF004 ValueError"),
        ("Asset()", "GF004 TypeError: Asset() requires either 'name' or 'uri'"),
        ('Asset("airflow://x")', "GF004 ValueError: Asset scheme 'airflow' is reserved"),
        ('DAG("a", schedule=[Asset("x"), 3])', "GF206 ValueError: All elements in 'schedule'"),
        ("@asset\ndef f(): ...", "GF204 TypeError"),
        ("@asset(schedule=None)\ndef f(*args): ...", "GF203 TypeError: wildcard '*args' is not supported in @asset"),
        (
            "def g():\n    @asset(schedule=None)\n    def f(): ...\ng()",
            "GF203 ValueError: nested function not supported",
        ),
    ],
)
def test_refused(lines, told):
    (error,) = errors(read(lines))
    assert error.startswith(told)
