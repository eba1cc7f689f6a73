"""Results: what is left, what comes back, and how tasks ask for it.

The forms are those of Airflow 3.3.2's ``airflow.sdk.serde``, printed by it.
"""

from __future__ import annotations

import datetime as dt
import decimal
import enum
import uuid
import zoneinfo
from dataclasses import dataclass

import pytest
from airflow._goflow.serialization import length_of, serialize

HEAD = """
import datetime as dt, decimal
from airflow.sdk import DAG, dag, task, task_group, get_current_context, XComArg
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.python import PythonOperator
with DAG("d", schedule=None) as the_dag:
"""


def body(text):
    return HEAD + "".join(f"    {line}\n" for line in text.strip("\n").splitlines())


class Colour(enum.Enum):
    RED = "red"


class Word(str, enum.Enum):  # noqa: UP042 - as authors write it
    YES = "yes"


@dataclass
class Pair:
    a: int
    b: str


def own(name, version, data):
    return {"__classname__": name, "__version__": version, "__data__": data}


def zone(name, kind):
    return own("builtins.tuple", 1, [name, kind, 1, True])


AT = dt.datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=dt.UTC)
KEPT = {
    "plain JSON as it is": ({"a": [1, 2.5, "x", None, True]}, {"a": [1, 2.5, "x", None, True]}),
    "keys as text": ({1: "x"}, {"1": "x"}),
    "a tuple": ((1, (2,)), own("builtins.tuple", 1, [1, own("builtins.tuple", 1, [2])])),
    "a set": ({3}, own("builtins.set", 1, [3])),
    "a frozen set": (frozenset({3}), own("builtins.frozenset", 1, [3])),
    "a date": (dt.date(2026, 1, 2), own("datetime.date", 2, "2026-01-02")),
    "a stretch of time": (dt.timedelta(minutes=1), own("datetime.timedelta", 2, 60.0)),
    "a moment without a zone": (
        AT.replace(tzinfo=None),
        own("datetime.datetime", 2, {"timestamp": AT.replace(tzinfo=None).timestamp(), "tz": None}),
    ),
    "a moment in UTC": (
        AT,
        own(
            "datetime.datetime",
            2,
            {"timestamp": AT.timestamp(), "tz": zone("UTC", "pendulum.tz.timezone.FixedTimezone")},
        ),
    ),
    "a moment in a zone": (
        AT.astimezone(zoneinfo.ZoneInfo("Europe/Berlin")),
        own("datetime.datetime", 2, {"timestamp": AT.timestamp(), "tz": zone("Europe/Berlin", "zoneinfo.ZoneInfo")}),
    ),
    "a decimal number": (decimal.Decimal("1.5"), own("decimal.Decimal", 1, 1.5)),
    "a whole decimal number": (decimal.Decimal(15), own("decimal.Decimal", 1, 15)),
    "a UUID": (uuid.UUID(int=1), own("uuid.UUID", 1, "00000000-0000-0000-0000-000000000001")),
    "a zone": (zoneinfo.ZoneInfo("Europe/Berlin"), own("zoneinfo.ZoneInfo", 1, "Europe/Berlin")),
    "a data class": (Pair(1, "x"), own(f"{__name__}.Pair", 0, {"a": 1, "b": "x"})),
}


@pytest.mark.parametrize(("value", "form"), KEPT.values(), ids=KEPT.keys())
def test_a_value_has_airflows_form_and_comes_back(value, form):
    from airflow._goflow.serialization import deserialize

    assert serialize(value) == form
    back = deserialize(serialize(value))
    assert back == ({"1": "x"} if value == {1: "x"} else value)
    assert type(back) is type(value)


def test_words_of_enumerations_become_text():
    assert serialize([Word.YES]) == ["yes"]


def test_a_pendulum_moment_keeps_its_zone():
    import pendulum
    from airflow._goflow.serialization import deserialize

    at = pendulum.datetime(2026, 7, 1, 12, tz="Europe/Paris")
    back = deserialize(serialize(at))
    assert (back, back.timezone_name) == (at, "Europe/Paris")


REFUSED = {
    "an object": (object(), TypeError, "Cannot serialize object of type <class 'object'>"),
    "bytes": (b"x", TypeError, "Cannot serialize object of type <class 'bytes'>"),
    "a function": (print, TypeError, "Cannot serialize"),
    "a plain enumeration's member": (Colour.RED, TypeError, "Cannot serialize"),
    "a map with a reserved key": ({"__classname__": 1}, AttributeError, "reserved key"),
}


@pytest.mark.parametrize(("value", "kind", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_kept_is_said(value, kind, words):
    with pytest.raises(kind, match=words):
        serialize([value])


def test_what_is_nested_too_deeply_is_said():
    value = []
    for _ in range(2000):
        value = [value]
    with pytest.raises(RecursionError):
        serialize(value)


@pytest.mark.parametrize(
    ("value", "length"), [([1, 2], 2), ({"a": 1}, 1), ((1,), 1), (range(4), 4), ("abc", None), ({1}, None), (5, None)]
)
def test_only_lists_and_maps_can_be_mapped_over(value, length):
    assert length_of(value) == length


RESULTS = {
    "a TaskFlow function's value": ("@task\ndef t():\n    return {'a': (1, 2)}\nt()", {"a": (1, 2)}),
    "a callable's value": (
        "PythonOperator(task_id='t', python_callable=lambda x, ds: (x, ds), op_args=[1])",
        (1, "2026-01-02"),
    ),
    "positional and keyword arguments": (
        "PythonOperator(task_id='t', python_callable=lambda a, b=0, *, c: [a, b, c], op_args=['{{ ds }}'], op_kwargs={'c': '{{ run_id }}'})",
        ["2026-01-02", 0, "r"],
    ),
    "templates of a callable": (
        "PythonOperator(task_id='t', python_callable=lambda templates_dict: templates_dict, templates_dict={'a': '{{ ds }}'})",
        {"a": "2026-01-02"},
    ),
    "the last line of a command": ("BashOperator(task_id='t', bash_command='echo a; echo b')", "b"),
    "what becomes of a command's output": (
        "BashOperator(task_id='t', bash_command='echo 5', output_processor=lambda text: int(text) + 1)",
        6,
    ),
    "a coroutine's value": ("@task\nasync def t():\n    return 5\nt()", 5),
    "a generator's value": ("@task\ndef t():\n    yield 1\n    return 5\nt()", 5),
    "arguments with templates": (
        "@task\ndef t(x, *, y='d'):\n    return x, y\nt(x='{{ run_id }}-{{ ti.try_number }}')",
        ("r-1", "d"),
    ),
    "a moment": (
        "@task\ndef t():\n    return dt.datetime(2026, 1, 1, tzinfo=dt.timezone.utc)\nt()",
        dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
    ),
    "a class method": (
        "class C:\n    @classmethod\n    def make(cls, ds):\n        return ds\nPythonOperator(task_id='t', python_callable=C.make)",
        "2026-01-02",
    ),
    "a partial function": (
        "import functools\nPythonOperator(task_id='t', python_callable=functools.partial(lambda a, ds: a + ds, 'on '))",
        "on 2026-01-02",
    ),
}


@pytest.mark.parametrize(("text", "expected"), RESULTS.values(), ids=RESULTS.keys())
def test_a_task_leaves_its_result(dags, text, expected):
    assert dags.write(body(text)).run()["state"] == "success"
    assert dags.result() == expected


def test_a_task_that_is_not_to_leave_a_result_leaves_none(dags):
    dags.write(body("BashOperator(task_id='t', bash_command='echo a', do_xcom_push=False)")).run()
    assert dags.client.results == {}


def test_nothing_is_no_result(dags):
    dags.write(body("@task\ndef t():\n    pass\nt()")).run()
    assert dags.client.results == {}


def test_a_result_that_cannot_be_kept_fails_the_task(dags):
    outcome = dags.write(body("@task\ndef t():\n    return object()\nt()")).run()
    assert outcome["state"] == "failed"
    assert outcome["message"].startswith("TypeError: Cannot serialize object of type <class 'object'>")


OUTPUTS = {
    "said by an option": "@task(multiple_outputs=True)\ndef t():\n    return {'a': 1, 'b': 2}",
    "said by an annotation": "@task\ndef t() -> dict[str, int]:\n    return {'a': 1, 'b': 2}",
    "said by an annotation as text": "@task\ndef t() -> 'dict':\n    return {'a': 1, 'b': 2}",
    "beside annotations that are not there when it is run": (
        "@task\ndef t(x: 'pd.DataFrame' = None) -> 'dict':\n    return {'a': 1, 'b': 2}"
    ),
    "by another name, as text": "Both = dict\n@task\ndef t() -> 'Both':\n    return {'a': 1, 'b': 2}",
}


@pytest.mark.parametrize("text", OUTPUTS.values(), ids=OUTPUTS.keys())
def test_several_outputs_are_results_of_their_own(dags, text):
    dags.write(body(f"{text}\n@task\ndef u(x):\n    return x\nu(t()['b'])")).run()
    dags.run("u")
    assert (dags.result(key="a"), dags.result("u"), dags.result()) == (1, 2, {"a": 1, "b": 2})


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("[1]", "expected dictionary for multiple_outputs"),
        ("{1: 2}", "keys must be strings when using multiple_outputs"),
    ],
)
def test_several_outputs_need_a_map_with_text_keys(dags, value, words):
    outcome = dags.write(body(f"@task(multiple_outputs=True)\ndef t():\n    return {value}\nt()")).run()
    assert outcome["state"] == "failed"
    assert words in outcome["message"]


def test_a_result_in_text_becomes_a_template(dags):
    text = "@task\ndef a():\n    return 'x'\nBashOperator(task_id='t', bash_command=f\"echo got {a()}\")"
    dags.write(body(text)).run("a")
    dags.run()
    assert dags.result() == "got x"
    assert dags.load().get_task("t").upstream_task_ids == set()  # text alone makes no edge


def test_results_in_nested_arguments_are_taken_and_make_edges(dags):
    text = (
        "@task\ndef a():\n    return 3\n@task\ndef t(x):\n    return x\nt({'k': [a(), (a.override(task_id='b')(),)]})"
    )
    dags.write(body(text))
    for task_id in ("a", "b"):
        dags.run(task_id)
    assert dags.run()["state"] == "success"
    assert dags.result() == {"k": [3, (3,)]}
    assert dags.load().get_task("t").upstream_task_ids == {"a", "b"}


def test_a_missing_result_under_a_key_of_its_own_is_an_error(dags):
    dags.write(body("@task\ndef a():\n    pass\n@task\ndef t(x):\n    return x\nt(a()['k'])"))
    outcome = dags.run()
    assert outcome["message"] == 'XComArg result from a at d with key="k" is not found!'


def test_a_missing_return_value_is_none(dags):
    dags.write(body("@task\ndef a():\n    pass\n@task\ndef t(x):\n    return repr(x)\nt(a())")).run()
    assert dags.result() == "None"


PULLED = {
    # what is asked: (Airflow 3.3.2, Airflow 2.11.2); as recorded with dag.test() but for defaults, see below
    "task_ids='lst'": ([1], [1]),
    "task_ids='one'": (2, [2]),
    "task_ids='two'": ([2, 4], [2, 4]),
    "task_ids=['one', 'lst', 'nope', 'two']": ([2, [1], None, 2, 4], [2, [1], 2, 4]),
    "task_ids='one', map_indexes=0": (2, 2),
    "task_ids='two', map_indexes=[0, 1, 5]": ([2, 4, None], [2, 4]),
    "task_ids='lst', map_indexes=None": ([1], [1]),
    "task_ids='lst', map_indexes=-1": ([1], [1]),
    "task_ids='two', map_indexes=None": (None, [2, 4]),
    "task_ids='two', map_indexes=range(1, 2)": ([4], [4]),
    "task_ids='nope'": (None, None),
    # Airflow 3.3.2 forgets the default here, against its own documentation
    "task_ids='nope', default='D'": (None, "D"),
    "task_ids='lst', key='other'": ("o", "o"),
    "key='other'": (None, "o"),
    "key='own'": ("mine", "mine"),
    "task_ids='old', include_prior_dates=True": ("earlier", "earlier"),
    "task_ids='lst', include_prior_dates=True": ([1], [1]),
}
PULLS = [
    (dialect, asked, found[n]) for n, dialect in enumerate(("airflow3", "airflow2")) for asked, found in PULLED.items()
]


@pytest.mark.parametrize(("dialect", "asked", "expected"), PULLS)
def test_results_are_pulled_as_under_airflow(dags, dialect, asked, expected):
    dags.write(
        f"""
        import datetime
        from airflow import DAG
        from airflow.decorators import task
        with DAG("d", schedule=None, start_date=datetime.datetime(2025, 1, 1)):
            @task
            def lst(ti):
                ti.xcom_push("other", "o")
                return [1]
            @task
            def one(v):
                return v * 2
            @task
            def t(ti):
                ti.xcom_push(key="own", value="mine")
                found = ti.xcom_pull({asked})
                ti.xcom_push("found", found)
            first = lst()
            [one.expand(v=first), one.override(task_id="two").expand(v=[1, 2])] >> t()
        """
    )
    dags.client.earlier = {("old", "return_value"): "earlier", ("lst", "return_value"): "not this one"}
    dags.run("lst", dialect)
    dags.run("one", dialect, map_index=0)
    dags.run("two", dialect, map_index=0)
    dags.run("two", dialect, map_index=1)
    assert dags.run("t", dialect)["state"] == "success"
    assert dags.result(key="found") == expected


def test_a_template_pulls_too(dags):
    dags.write(body("BashOperator(task_id='a', bash_command='echo 7')\n"
                    "BashOperator(task_id='t', bash_command=\"echo {{ ti.xcom_pull('a') }} {{ ti.xcom_pull(task_ids='a') }}\")"))  # fmt: skip
    dags.run("a")
    dags.run()
    assert dags.result() == "7 7"
