"""`import_mode: sandbox`: what comes of a file that is run to be read."""

from __future__ import annotations

import dataclasses
import datetime as dt
import textwrap

import pytest

from goflow.domain.spec import Inputs
from goflow.domain.written import write_out
from goflow.parser.api import Folder, parse_file
from goflow.parser.sandbox import running
from goflow.parser.sandbox.agreeing import agreed

HEAD = """
from airflow.sdk import DAG, Variable
from airflow.providers.standard.operators.bash import BashOperator
"""


@pytest.fixture
def read(tmp_path, accounts):
    """Reads a file, with other files beside it, by running it."""

    def run(text, *, mode="sandbox", head=HEAD, inputs=None, more="", **files):
        (tmp_path / "goflow.yaml").write_text(f"import_mode: {mode}\n{more}")
        for name, content in files.items():
            (tmp_path / name.replace("__", ".")).write_text(content)
        (tmp_path / "a.py").write_text(head + textwrap.dedent(text))
        return parse_file(Folder(tmp_path), "a.py", inputs or Inputs())

    return run


def codes(result):
    return [found.code for found in result.diagnostics]


def field(result, task_id="t", name="bash_command"):
    return result.dags[0].task(task_id).fields[name]


def test_a_file_that_cannot_be_evaluated_is_read_and_marked(read):
    text = """
    import sqlite3
    db = sqlite3.connect(":memory:")
    db.execute("create table jobs (name text)")
    db.executemany("insert into jobs values (?)", [("extract",), ("load",)])
    with DAG("d", schedule=None):
        for (name,) in db.execute("select name from jobs order by name"):
            BashOperator(task_id=name, bash_command=f"run {name}")
    """
    assert [dag.dag_id for dag in read(text, mode="evaluate").dags] == []
    result = read(text)
    assert [task.task_id for task in result.dags[0].tasks] == ["extract", "load"]
    assert result.read_by == result.dags[0].read_by == "sandbox"
    assert codes(result) == ["GF505"]


def test_how_a_file_was_read_is_no_part_of_its_meaning(read):
    text = "with DAG('d', schedule=None): BashOperator(task_id='t', bash_command='true')"
    run, evaluated = read(text).dags[0], read(text, mode="evaluate").dags[0]
    assert run.digest() == evaluated.digest()
    of_run = dataclasses.replace(run, read_by="evaluate", line=0, column=0, tasks=())
    assert of_run == dataclasses.replace(evaluated, line=0, column=0, tasks=())


def test_what_was_imported_opened_listed_and_looked_for_is_recorded(read):
    text = """
    import os, sys
    import helper
    try:
        import absent
    except ImportError:
        pass
    here = os.path.dirname(__file__)
    words = open(os.path.join(here, "words.txt")).read()
    missing = os.path.exists(os.path.join(here, "maybe.txt"))
    with DAG("d", schedule=None):
        BashOperator(task_id="t", bash_command=f"{helper.VALUE} {words} {missing} {len(os.listdir(here))}")
    """
    result = read(text, helper__py="VALUE = 1", words__txt="two")
    assert field(result) == "1 two False 4"
    assert {path for path, digest in result.closure.items() if digest} == {
        "a.py",
        "goflow.yaml",
        "helper.py",
        "words.txt",
    }
    assert {"absent.py", "absent/__init__.py", "maybe.txt"} <= {
        path for path, digest in result.closure.items() if digest is None
    }
    assert result.inputs.listings == {".": ("a.py", "goflow.yaml", "helper.py", "words.txt")}


def test_variables_environment_and_connections_are_what_the_folder_gives_and_recorded(read, monkeypatch):
    monkeypatch.setenv("GOFLOW_TEST_SECRET", "of the daemon's")
    text = """
    import os
    from airflow.sdk import Connection
    words = [Variable.get("x"), Variable.get("y", default="-"), os.environ.get("STAGE"),
             os.environ.get("GOFLOW_TEST_SECRET"), len(os.environ), Connection.get("db").host]
    with DAG("d", schedule=None):
        BashOperator(task_id="t", bash_command=" ".join(map(str, words)))
    """
    given = Inputs({"x": "1", "z": "3"}, {"STAGE": "test"}, {"db": "postgres://me:hush@there/x"})
    result = read(text, inputs=given)
    assert field(result) == "1 - test None 1 there"
    assert result.inputs.variables == {"x": "1", "y": None}
    assert result.inputs.environment == {"STAGE": "test", "GOFLOW_TEST_SECRET": None}
    assert result.inputs.connections == ("db",)


def test_a_password_never_comes_out_and_what_holds_it_is_a_hole(read):
    text = """
    from airflow.sdk import Connection
    db = Connection.get("db")
    with DAG("d", schedule=None):
        BashOperator(task_id="t", bash_command=f"psql {db.get_uri()}", env={"PASSWORD": db.password, "USER": db.login})
    """
    result = read(text, inputs=Inputs(connections={"db": "postgres://me:hush@there/x"}))
    assert "hush" not in write_out(result.dags[0]).text
    assert field(result)["$hole"]["reason"] == "depends on the password of a connection"
    assert field(result, name="env")["USER"] == "me"
    assert "$hole" in field(result, name="env")["PASSWORD"]


def test_what_comes_from_a_secret_is_a_hole_and_a_connection_from_one_is_not_there(read):
    text = """
    import os
    from airflow.sdk import BaseHook, Variable
    with DAG("d", schedule=None):
        BashOperator(task_id="t", bash_command=Variable.get("key"), env={
            "PIN": os.environ["PIN"][:2], "OTHER": os.environ.get("OTHER", "none")})
    """
    secret = frozenset({"AIRFLOW_VAR_KEY", "PIN", "AIRFLOW_CONN_DB"})
    inputs = Inputs(variables={"key": "stored"}, connections={"db": "http://stored"}, secret_environment=secret)
    result = read(text, inputs=inputs)
    env = field(result, name="env")
    assert ("$hole" in field(result), "$hole" in env["PIN"], env["OTHER"]) == (True, True, "none")
    assert dict(result.inputs.environment) == {"OTHER": None}
    refused = read(f'{text.rstrip()}\n        print(BaseHook.get_connection("db").host)\n', inputs=inputs)
    assert "The conn_id `db` isn't defined" in str(refused.diagnostics)


def test_a_secrets_backend_cannot_be_asked(read):
    text = """
    from airflow.sdk import Variable
    with DAG("d", schedule=None):
        BashOperator(task_id="t", bash_command=Variable.get("key"))
    """
    backend = {"AIRFLOW__SECRETS__BACKEND": "vault.Backend"}
    result = read(text, inputs=Inputs(variables={"key": "stored"}, environment=backend))
    assert not result.dags
    assert "cannot ask a secrets backend (vault.Backend)" in str(result.diagnostics)


def test_what_is_worked_out_of_a_password_is_a_hole_too(read):
    text = """
    import base64, hashlib
    from airflow.sdk import Connection
    word = Connection.get("db").password
    with DAG("d", schedule=None):
        BashOperator(task_id="t", bash_command=base64.b64encode(word.encode()).decode(), env={
            "MD5": hashlib.md5(word.encode()).hexdigest(), "UPPER": word.upper(), "USER": "me"})
    """
    result = read(text, inputs=Inputs(connections={"db": "postgres://me:hush@there/x"}))
    assert "$hole" in field(result)
    env = field(result, name="env")
    assert ("$hole" in env["MD5"], "$hole" in env["UPPER"], env["USER"]) == (True, True, "me")
    again = read(text, inputs=Inputs(connections={"db": "postgres://me:hush@there/x"}))
    assert result.dags[0].digest() == again.dags[0].digest(), "no new version each time"


def test_what_differs_each_time_is_a_hole_and_what_moves_with_the_clock_is_a_moment(read):
    text = """
    import random, time, uuid
    from datetime import datetime, timedelta
    import pendulum
    with DAG("d", schedule=None, start_date=pendulum.today("Europe/Berlin").subtract(days=2)):
        BashOperator(task_id="t", bash_command=str(uuid.uuid4()), start_date=datetime.now() - timedelta(hours=1))
        BashOperator(task_id="u", bash_command=f"echo {datetime.now():%Y}", env={"AT": str(time.time()), "A": "1"})
        BashOperator(task_id="v", bash_command="", env={"TIME": datetime.now().time(), "DAY": datetime.now().date()})
    """
    result = read(text)
    dag = result.dags[0]
    assert dag.start_date.to_json() == {"now": True, "truncate": "day", "zone": "Europe/Berlin", "offset_s": -172800.0}
    assert dag.task("t").start_date.to_json() == {"now": True, "truncate": "", "zone": "UTC", "offset_s": -3600.0}
    assert "$hole" in field(result)
    assert "$hole" in field(result, "u")
    assert "$hole" in field(result, "u", "env")["AT"]
    assert field(result, "u", "env")["A"] == "1"
    assert [next(iter(value)) for value in field(result, "v", "env").values()] == ["$hole", "$hole"]
    assert read(text).dags[0].digest() == dag.digest()


@pytest.mark.parametrize(
    "text",
    [
        "for n in range(random.choice([1])): DAG(f'd{uuid.uuid4()}', schedule=None, auto_register=True).__enter__()",
        "with DAG('d', schedule=None): BashOperator(task_id=f'a{uuid.uuid4().hex}', bash_command='')",
    ],
    ids=["DAG ids", "task ids"],
)
def test_tasks_that_are_others_each_time_are_an_error(read, text):
    result = read(f"import random, uuid\n{text}\nglobals().update(x=0)\n")
    assert result.dags == ()
    assert codes(result) in (["GF505", "GF101"], ["GF505"])


def test_the_exception_of_a_file_is_told_with_its_line(read):
    result = read("x = 1\nraise RuntimeError('not today')\n", head="from airflow import DAG\n")
    (found,) = [one for one in result.diagnostics if one.code == "GF004"]
    assert (found.message, found.span.line) == ("RuntimeError: not today", 3)


@pytest.mark.parametrize(
    ("text", "code"),
    [("Variable.get('none')\n", "GF008"), ("with DAG(:\n", "GF002"), ("import no_such_module\n", "GF004")],
    ids=["a missing Variable", "no Python", "a missing module"],
)
def test_the_codes_of_faults_are_those_of_evaluation(read, text, code):
    assert codes(read(text)) == ["GF505", code]


def test_a_file_of_the_other_airflow_is_read_as_that(read):
    head = "from airflow import DAG\nfrom airflow.operators.bash_operator import BashOperator\n"
    result = read("with DAG('d', schedule_interval=None): BashOperator(task_id='t', bash_command='')", head=head)
    assert (result.dags[0].dialect, result.dags[0].dialect_source) == ("airflow2", "file")
    assert "GF501" in codes(result)


def test_what_airflow_refuses_is_refused_with_its_place(read):
    result = read(
        "with DAG('d', schedule=None):\n  a, b = (BashOperator(task_id=n, bash_command='') for n in 'ab')\n  a >> b >> a"
    )
    assert "GF201" in codes(result)
    assert result.dags == ()


def test_operators_that_are_not_installed_have_what_the_catalogue_knows(read):
    text = """
    from airflow.providers.http.operators.http import HttpOperator
    with DAG("d", schedule=None, default_args={"http_conn_id": "web"}):
        first = BashOperator(task_id="t", bash_command="true")
        HttpOperator(task_id="u", endpoint=first.output, log_response=first.output["other"])
    """
    task, other = read(text).dags[0].task("u"), read(text, mode="evaluate").dags[0].task("u")
    assert (task.fields, task.template_fields, task.upstream) == (other.fields, other.template_fields, ("t",))
    assert task.fields["http_conn_id"] == "web"


def test_without_namespaces_nothing_is_run(read, monkeypatch):
    def refuse(folder, path, inputs, modules):
        return running.accounts_in({"refused": "unshare: Operation not permitted"})

    monkeypatch.setattr(running, "accounts_of", refuse)
    result = read("with DAG('d', schedule=None): BashOperator(task_id='t', bash_command='')")
    assert result.dags == ()
    (found,) = [one for one in result.diagnostics if one.code == "GF506"]
    assert "unshare: Operation not permitted" in found.message


def test_rules_say_it_for_some_files_and_the_file_is_only_run_where_it_is_said(read):
    text = "import os\nwith DAG(f'd{os.getpid()}', schedule=None): BashOperator(task_id='t', bash_command='')"
    rules = "rules: [{path: a.py, import_mode: sandbox}]\n"
    assert read(text, mode="evaluate", more=rules).read_by == "sandbox"
    assert read(text, mode="sandbox", more=rules.replace("sandbox", "evaluate")).read_by == "evaluate"


NOW = dt.datetime(2026, 1, 31, 23, 30, tzinfo=dt.UTC)


def account(now, **values):
    made = [{"kind": "dag", "dag_id": "d", "tasks": [], **values}]
    return {"now": now.isoformat(), "error": None, "failures": {}, "made": made, "files": {}}


@pytest.mark.parametrize(
    ("moment_of", "told"),
    [
        (lambda now: now, ["", "UTC", 0.0, True]),
        (lambda now: now.replace(microsecond=0), ["second", "UTC", 0.0, True]),
        (lambda now: now.replace(minute=0, second=0, microsecond=0), ["hour", "UTC", 0.0, True]),
        (lambda now: now.replace(hour=6, minute=0, second=0, microsecond=0), ["day", "UTC", 21600.0, True]),
        (lambda now: now.replace(day=1, hour=0, minute=0, second=0, microsecond=0), ["month", "UTC", 0.0, True]),
        (lambda now: now - dt.timedelta(days=3), ["", "UTC", -259200.0, True]),
        (lambda now: now.replace(year=now.year - 1, day=3), None),
        (lambda now: dt.datetime(2020, 1, 1, tzinfo=dt.UTC), "2020-01-01T00:00:00+00:00"),
    ],
    ids=["now", "this second", "this hour", "six today", "this month", "three days ago", "a year ago", "a fixed one"],
)
def test_a_moment_is_told_from_two_runs(moment_of, told):
    clocks = (NOW, NOW + running.MOMENTS_APART)
    first, second = (account(at, at={"datetime": [moment_of(at).isoformat(), "UTC"]}) for at in clocks)
    found = agreed(first, second)["made"][0]["at"]
    if isinstance(told, str):
        assert found == {"datetime": [told, "UTC"]}
    elif told is None:
        assert "unknown" in found
    else:
        assert found == {"moment": told}


def test_partitions_are_read_as_by_evaluating(read):
    text = """
    from airflow.sdk import (Asset, ChainMapper, CronPartitionTimetable, DAG, FixedKeyMapper, IdentityMapper, MinimumCount,
        PartitionedAssetTimetable, PartitionedAtRuntime, RollupMapper, StartOfDayMapper, WeekWindow, Window)
    a, b = Asset("s3://x/a"), Asset("b")
    rollup = RollupMapper(upstream_mapper=StartOfDayMapper(timezone="Asia/Tokyo"),
                          window=WeekWindow(direction=Window.Direction.BACKWARD), wait_policy=MinimumCount(-2))
    mappers = {a: rollup, b: ChainMapper(IdentityMapper(), FixedKeyMapper("x"), max_downstream_keys=3)}
    d = DAG("d", schedule=PartitionedAssetTimetable(assets=a & b, partition_mapper_config=mappers))
    e = DAG("e", schedule=CronPartitionTimetable("@daily", timezone="UTC", run_offset=-1, key_format="%Y"))
    f = DAG("f", schedule=PartitionedAtRuntime())
    """
    run, evaluated = read(text), read(text, mode="evaluate")
    assert [dag.schedule for dag in run.dags] == [dag.schedule for dag in evaluated.dags]
    assert len(run.dags) == 3
    own = "from airflow.sdk import DAG, Asset, IdentityMapper, PartitionedAssetTimetable, PartitionMapper\n"
    own += "class Own(PartitionMapper):\n    def __init__(self, *args, **kwargs):\n        super().__init__()\n"
    own += "d = DAG('d', schedule=PartitionedAssetTimetable(Asset('a'), {}, Own('x', inner=IdentityMapper())))"
    told = [read(own, head="", mode=mode).dags[0].schedule.arguments for mode in ("sandbox", "evaluate")]
    parts = [arguments["default_partition_mapper"] for arguments in told]
    assert all(part.pop("own").endswith("a.Own") for part in parts)  # a file that is run has a plainer name
    assert parts == [{"args": ["x"], "kwargs": {"inner": {"mapper": "IdentityMapper"}}}] * 2


def test_no_letter_of_what_stands_for_a_password_is_the_same_in_both_accounts(tmp_path):
    """One that is the same by chance would be taken for what the file says, and not for a part of a secret."""
    for _ in range(50):
        request = running.request_for(Folder(tmp_path), "d.py", Inputs())
        one, other = request["passwords"].values()
        assert len(one) != len(other)
        assert not set(one) & set(other)
