"""What dag-factory or Airflow refuse of a YAML file is told where it stands in that file."""

from __future__ import annotations

import textwrap

import pytest

from goflow.domain.diagnostics import Severity
from goflow.parser.api import ParseResult
from tests.unit.parser.airflow.reading import THREE, TWO, errors, read

ONE = 'import dagfactory\ndagfactory.load_yaml_dags(globals_dict=globals(), config_filepath="/dags/c.yml")\n'
FOLDER = 'import dagfactory\ndagfactory.load_yaml_dags(globals_dict=globals(), dags_folder="/dags/c")\n'
OLD = 'from dagfactory import DagFactory\nf = DagFactory("/dags/c.yml")\nf.clean_dags(globals())\n'
OLD += "f.generate_dags(globals())\n"
EMPTY = "airflow.providers.standard.operators.empty.EmptyOperator"
BASH = "airflow.providers.standard.operators.bash.BashOperator"
PYTHON = "airflow.providers.standard.operators.python.PythonOperator"


def read_one(yaml: str, python: str = ONE, dialect=THREE, **more: str) -> ParseResult:
    """The Python file that loads this YAML; further files by name, with __ for the dot."""
    files = {name.replace("__", "."): content for name, content in more.items()}
    return read(python, dialect, prelude=False, files={"c.yml": textwrap.dedent(yaml), **files})


FAULTS = [
    ("text that is no YAML", "d:\n  tasks: [a, b\n", "GF003", (3, 1), "expected ',' or ']'"),
    ("an unknown tag", "d:\n  x: !include other.yml\n", "GF003", (2, 6), "'!include'"),
    ("a date that there is not", "d: {start_date: 2024-13-45}\n", "GF003", (0, 0), "month must be in 1..12"),
    ("a DAG that is no mapping", "d:\n  tasks: {}\ne: 3\n", "GF406", (3, 1), "the DAG 'e' has to be a mapping, not 3"),
    ("tasks that are a text", "d:\n  tasks: many\n", "GF406", (2, 3), "'tasks' must be either a mapping or a list"),
    ("a task without an id", f"d:\n  tasks:\n    - operator: {EMPTY}\n", "GF406", (3, 7), "with a 'task_id'"),
    ("a task id twice", "d:\n  tasks:\n    - {task_id: a}\n    - {task_id: a}\n", "GF406", (4, 7), "Duplicate task_id"),
    ("a task that does nothing", "d:\n  tasks:\n    a: {retries: 1}\n", "GF406", (3, 5), "either 'operator' or"),
    ("a dependency that is not there", f"d:\n  tasks:\n    a: {{operator: {EMPTY}}}\n    b:\n"
     f"      operator: {EMPTY}\n      dependencies: [aa]\n", "GF406", (6, 22), "'b' depends on 'aa'"),
    ("dependencies that are a text", f"d:\n  tasks:\n    b:\n      operator: {EMPTY}\n      dependencies: a\n",
     "GF406", (5, 7), "dependencies of 'b' has to be a list, not the text 'a'"),
    ("tasks that wait for each other", f"d:\n  tasks:\n    a: {{operator: {EMPTY}, dependencies: [b]}}\n"
     f"    b: {{operator: {EMPTY}, dependencies: [a]}}\n", "GF406", (3, 77), "Cycle detected"),
    ("a group that is not there", f"d:\n  task_groups: {{one: {{}}}}\n  tasks:\n    a:\n      operator: {EMPTY}\n"
     "      task_group_name: two\n", "GF406", (6, 7), "there is no task group 'two'"),
    ("groups in each other", "d:\n  task_groups:\n    a: {parent_group_name: b}\n    b: {parent_group_name: a}\n",
     "GF406", (3, 5), "Circular dependency detected: a -> b -> a"),
    ("an operator that is not there", "d:\n  tasks:\n    a:\n      operator: airflow.sdk.NoOperator\n", "GF006", (4, 7),
     "NoOperator"),
    ("a mistyped argument", f"d:\n  tasks:\n    a:\n      operator: {BASH}\n      bash_command: date\n"
     "      retires: 2\n", "GF204", (3, 5), "retires"),
    ("an argument that is missing", f"d:\n  tasks:\n    a:\n      operator: {BASH}\n", "GF203", (3, 5), "bash_command"),
    ("no function", f"d:\n  tasks:\n    a: {{operator: {PYTHON}}}\n", "GF406", (3, 5), "python_callable_name"),
    ("a function's file without its folder", f"d:\n  tasks:\n    a:\n      operator: {PYTHON}\n"
     "      python_callable_name: f\n      python_callable_file: f.py\n", "GF406", (5, 7), "absolute path"),
    ("a start date in words", "d:\n  start_date: the other day\n", "GF406", (2, 3), "Invalid relative time"),
    ("a zone that is not there", "d:\n  start_date: 2024-01-01\n  timezone: Mars/Olympus\n", "GF406", (2, 3),
     "there is no time zone 'Mars/Olympus'"),
    ("a type with a wrong argument", "d:\n  x: {__type__: datetime.timedelta, dyas: 1}\n", "GF004", (2, 7), "dyas"),
    ("a dependency that is a list", f"d:\n  tasks:\n    a: {{operator: {EMPTY}, dependencies: [[b]]}}\n", "GF406",
     (3, 92), "depends on ['b']"),
    ("an id that is a list", f"d:\n  tasks:\n    - {{task_id: [a], operator: {EMPTY}}}\n", "GF406", (3, 8), "has to be text"),
    ("a class that is no operator", "d:\n  tasks:\n    a: {operator: airflow.sdk.Asset, uri: x}\n", "GF004", (3, 5), ""),
    ("a function that is no operator", "d:\n  tasks:\n    a: {operator: datetime.timedelta, days: 1}\n", "GF004",
     (3, 5), ""),
    ("a zone that is a list", "d: {start_date: 2024-01-01, timezone: [x]}\n", "GF406", (1, 5), "no time zone ['x']"),
    ("an outlet that is a number", f"d:\n  tasks:\n    a: {{operator: {EMPTY}, outlets: 3}}\n", "GF406", (3, 77), "list"),
    ("a typed object without its argument", "d: {x: {__type__: airflow.sdk.Asset}}\n", "GF004", (1, 9), "Asset"),
    ("a cron expression that is a number", "d: {schedule: {__type__: airflow.sdk.CronTriggerTimetable, __args__: [3], "
     "timezone: UTC}}\n", "GF206", (1, 1), "lower"),
    ("schedule_interval", "d: {schedule_interval: '@daily'}\n", "GF406", (1, 5), "no longer supported"),
    ("a callback that is a number", "d: {on_failure_callback: 3}\n", "GF406", (1, 5), "Invalid type passed"),
    ("a partial without an expand", f"d:\n  tasks:\n    a: {{operator: {EMPTY}, partial: {{retries: 1}}}}\n", "GF406",
     (3, 77), "no expand"),
]  # fmt: skip


@pytest.mark.parametrize(("yaml", "code", "place", "words"), [c[1:] for c in FAULTS], ids=[c[0] for c in FAULTS])
def test_a_fault_is_told_where_it_stands(yaml, code, place, words):
    result = read_one(yaml)
    assert result.dags == ()
    (found,) = [finding for finding in result.diagnostics if finding.severity is Severity.ERROR]
    assert (found.code, found.span.path) == (code, "c.yml"), found
    assert (found.span.line, found.span.column) == place, found
    assert words in found.message


def test_a_broken_file_of_a_folder_leaves_the_others_alone():
    good = f"good:\n  tasks: {{a: {{operator: {EMPTY}}}}}\n"
    bad = f"bad:\n  tasks: {{a: {{operator: {EMPTY}, retires: 1}}}}\nworse: {{}}\n"
    result = read(FOLDER, prelude=False, files={"c/a.yml": bad, "c/b.yml": good, "c/n.yaml": "not: [yaml"})
    assert [dag.dag_id for dag in result.dags] == ["good"]
    told = {(d.code, d.severity, d.dag_id, d.span.path) for d in result.diagnostics}
    assert told == {
        ("GF204", Severity.ERROR, "bad", "c/a.yml"),
        ("GF204", Severity.ERROR, "worse", "c/a.yml"),
        ("GF003", Severity.WARNING, None, "c/n.yaml"),
    }


def test_aliases_that_multiply_end_in_a_diagnostic():
    bomb = "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
    for one, other in zip("abcdefg", "bcdefgh", strict=True):
        bomb += f"{other}: &{other} [{', '.join([f'*{one}'] * 10)}]\n"
    assert errors(read_one(bomb)) == ["GF005 ValueError: the file says more than a DAG ever could (aliases multiply?)"]


def test_deep_nesting_ends_in_a_diagnostic():
    assert errors(read_one("d: " + "[" * 5000)) == ["GF005 ValueError: the file is nested too deeply"]


def test_a_key_that_stands_twice_is_told_and_the_last_one_counts():
    result = read_one("d:\n  description: one\n  description: two\n  tasks: {}\n")
    (found,) = result.diagnostics
    assert (found.code, found.severity, found.span.line) == ("GF405", Severity.WARNING, 3)
    assert result.dags[0].description == "two"


def test_what_0_x_read_and_1_x_does_not_is_told():
    result = read_one("d:\n  default_args: {retry_delay_sec: 60}\n  tasks: {}\n")
    (found,) = result.diagnostics
    assert (found.code, found.severity, found.span.line) == ("GF404", Severity.WARNING, 2)
    assert "retry_delay" in found.hint


def test_a_variable_of_the_task_s_container_is_a_hole():
    result = read_one(f"d:\n  tasks:\n    a: {{operator: {BASH}, bash_command: ls $HOME}}\n")
    assert errors(result) == []
    (task,) = result.dags[0].tasks
    assert "HOME in the task's container" in str(task.to_json())
    assert result.inputs.environment == {"HOME": None}


def test_what_a_file_depends_on_is_recorded():
    result = read_one("d: {tasks: {}}\n", defaults__yml="default_args: {owner: all}\n")
    assert set(result.closure) == {"file.py", "goflow.yaml", "c.yml", "defaults.yml"}
    result = read_one("d: {tasks: {}}\n")
    assert result.closure["defaults.yml"] is None
    assert result.closure["defaults.yaml"] is None


def test_a_folder_s_listings_are_recorded():
    result = read(FOLDER, prelude=False, files={"c/in/a.yml": "d: {tasks: {}}\n"})
    assert dict(result.inputs.listings) == {"c": ("in",), "c/in": ("a.yml",)}


@pytest.mark.parametrize(("dialect", "schedule"), [(TWO, "schedule_interval: None"), (THREE, "schedule: None")])
def test_0_x_reads_its_own_keys(dialect, schedule):
    yaml = """
        default:
          default_args: {start_date: 2024-01-01, retry_delay_sec: 90}
        d:
          SCHEDULE
          dagrun_timeout_sec: 600
          tasks:
            a:
              operator: airflow.operators.empty.EmptyOperator
              execution_timeout_secs: 30
              doc: !join [one, two]
    """
    result = read_one(yaml.replace("SCHEDULE", schedule), OLD, dialect)
    assert errors(result) == []
    (dag,) = result.dags
    (task,) = dag.tasks
    assert (dag.dagrun_timeout, task.retry_delay, task.execution_timeout, task.doc) == (600, 90, 30, "onetwo")


def test_0_x_wants_a_start_date():
    assert errors(read_one("d:\n  tasks: {}\n", OLD, TWO)) == [
        "GF406 dagfactory.exceptions.DagFactoryConfigException: the config is missing start_date"
    ]


@pytest.mark.parametrize(
    ("text", "seconds"), [("2 days", 172800), ("1 hour", 3600), ("1 day 3 hours", 86400), ("0 days", 0)]
)
def test_a_date_that_counts_from_today_stays_symbolic(text, seconds):
    result = read_one(f"d: {{start_date: {text}, timezone: Europe/Paris, tasks: {{}}}}\n")
    assert errors(result) == []
    moment = result.dags[0].start_date
    assert moment is not None
    assert (moment.at, moment.truncate, moment.zone, moment.offset_s) == (None, "day", "Europe/Paris", -seconds)
