"""Native YAML DAGs: what each key comes to, and where each fault is told."""

from __future__ import annotations

import datetime as dt
import re
import textwrap

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goflow.domain.diagnostics import CODES, Severity
from goflow.domain.spec import DagSpec, Dialect, FileFormat, TaskSpec
from goflow.parser.yaml import looks_native, read_native


def dag_of(text: str) -> DagSpec:
    found = read_native(textwrap.dedent(text).encode(), "x.yaml")
    assert [d for d in found.diagnostics if d.severity is Severity.ERROR] == []
    (dag,) = found.dags
    return dag


def task_of(text: str) -> TaskSpec:
    (task,) = dag_of(text).tasks
    return task


def test_a_dag_without_tasks_is_one_task_named_after_it():
    dag = dag_of("""
        Name: hello
        DockerImage: busybox
        Command: [echo, hello]
    """)
    assert (dag.dag_id, dag.file_format, dag.dialect) == ("hello", FileFormat.YAML, Dialect.AIRFLOW3)
    (task,) = dag.tasks
    assert (task.task_id, task.operator, task.operator_path) == ("hello", "NativeOperator", "goflow.native")
    assert task.native == {
        "DockerImage": "busybox",
        "Command": ["echo", "hello"],
        "RetryPolicy": "Never",
        "Parallelism": 1,
        "WithLogs": True,
        "Env": {},
    }


def test_every_key_of_the_original_keeps_its_meaning():
    dag = dag_of("""
        Name: all
        Namespace: jobs
        Schedule: "0 3 * * *"
        DockerImage: registry.example.com/etl:1
        RetryPolicy: OnFailure
        Command: [run, 5, true, 1.50]
        Parallelism: 3
        TimeLimit: 90
        Retries: 4
        MaxActiveRuns: 2
        StartDateTime: 2024-01-31
        EndDateTime: 2024-02-29 12:00:00
        Labels: {team: data}
        Annotations: {note: "x y"}
        WithLogs: false
    """)
    (task,) = dag.tasks
    assert (dag.schedule.kind, dag.schedule.crons, dag.schedule.interval) == ("cron", ("0 3 * * *",), False)
    assert dag.start_date is not None
    assert dag.end_date is not None
    assert dag.start_date.at == dt.datetime(2024, 1, 31, tzinfo=dt.UTC)
    assert dag.end_date.at == dt.datetime(2024, 2, 29, 12, tzinfo=dt.UTC)
    assert (dag.max_active_runs, task.retries, task.runtime.namespace) == (2, 4, "jobs")
    assert task.runtime.labels == {"team": "data"}
    assert task.runtime.annotations == {"note": "x y"}
    assert task.native is not None
    assert task.native["Command"] == ["run", "5", "true", "1.50"], "words of a command are what is written"
    assert (task.native["RetryPolicy"], task.native["Parallelism"]) == ("OnFailure", 3)
    assert (task.native["TimeLimit"], task.native["WithLogs"]) == (90, False)


@pytest.mark.parametrize("key", ["NAME", "name", "nAmE"])
def test_keys_are_matched_whatever_their_case(key):
    assert dag_of(f"{key}: xy\ncommand: [a]\nRETRIES: 1\n").tasks[0].retries == 1


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("'@daily'", ("cron", ("0 0 * * *",), None)),
        ("'@Midnight'", ("cron", ("0 0 * * *",), None)),
        ("'@quarterly'", ("cron", ("0 0 1 */3 *",), None)),
        ("'@annually'", ("cron", ("0 0 1 1 *",), None)),
        ("'*/5   8-18 * * MON-FRI'", ("cron", ("*/5 8-18 * * MON-FRI",), None)),
        ("'@every 1h30m'", ("delta", (), 5400.0)),
        ("'@every 90s'", ("delta", (), 90.0)),
        ("'@every 1.5h'", ("delta", (), 5400.0)),
        ("'@once'", ("once", (), None)),
        ("null", ("none", (), None)),
        ("''", ("none", (), None)),
    ],
)
def test_a_schedule_is_understood(schedule, expected):
    found = dag_of(f"Name: xy\nCommand: [a]\nSchedule: {schedule}\n").schedule
    assert (found.kind, found.crons, found.every_s) == expected


def test_dates_without_an_offset_are_meant_in_the_dags_own_zone():
    dag = dag_of("""
        Name: zoned
        Command: [a]
        Schedule: "@daily"
        Timezone: Europe/Berlin
        StartDateTime: 2024-07-01T02:00:00
        EndDateTime: 2024-07-02T02:00:00Z
    """)
    assert dag.schedule.timezone == dag.timezone == "Europe/Berlin"
    assert dag.start_date is not None
    assert dag.end_date is not None
    assert dag.start_date.at == dt.datetime(2024, 7, 1, 0, tzinfo=dt.UTC)
    assert dag.end_date.at == dt.datetime(2024, 7, 2, 2, tzinfo=dt.UTC)


def test_tasks_inherit_from_the_dag_and_mappings_are_merged():
    dag = dag_of("""
        Name: family
        DockerImage: base
        Retries: 2
        TimeLimit: 1h
        Env: {A: 1, B: 2}
        Resources: {requests: {cpu: 1}, limits: {memory: 1Gi}}
        Tasks:
          - Name: first
            Command: [one]
          - Name: second
            DependsOn: first
            Command: [two]
            DockerImage: other
            Retries: 0
            TimeLimit: null
            Env: {B: 3}
            Resources: {requests: {cpu: 2}}
            TriggerRule: all_done
          - Name: third
            DependsOn: [second, first, first]
            Command: [three]
    """)
    first, second, third = dag.tasks
    assert first.native is not None
    assert second.native is not None
    assert (first.native["DockerImage"], first.retries, first.native["TimeLimit"]) == ("base", 2, 3600)
    assert (second.native["DockerImage"], second.retries) == ("other", 0)
    assert "TimeLimit" not in second.native
    assert second.native["Env"] == {"A": "1", "B": "3"}
    assert second.runtime.resources == {"requests": {"cpu": "2"}, "limits": {"memory": "1Gi"}}
    assert (second.upstream, second.trigger_rule) == (("first",), "all_done")
    assert third.upstream == ("first", "second")


def test_aliases_and_merge_keys_are_resolved():
    dag = dag_of("""
        Name: aliases
        Tasks:
          - &base
            Name: one
            Command: [a]
            Retries: 3
          - <<: *base
            Name: two
            Retries: 1
    """)
    assert [(task.task_id, task.retries) for task in dag.tasks] == [("one", 3), ("two", 1)]


def test_several_documents_are_several_dags_and_one_fault_spares_the_others():
    text = b"Name: one\nCommand: [a]\n---\nName: two\nCommand: a\n---\nName: three\nCommand: [c]\n"
    found = read_native(text, "x.yaml")
    assert [dag.dag_id for dag in found.dags] == ["one", "three"]
    assert [(d.code, d.dag_id, d.span.line) for d in found.diagnostics] == [("GF402", "two", 5)]


def test_json_is_yaml():
    assert dag_of('{"Name": "json", "Command": ["a"], "Retries": 1}').tasks[0].retries == 1


def test_comments_and_line_numbers_are_no_part_of_the_meaning():
    one = dag_of("Name: same\nCommand: [a]\n")
    two = dag_of("# a comment\n\nname: same\ncommand:\n  - a\n")
    assert one.digest() == two.digest()
    assert one.line != two.line


FAULTS = """
=== a mistyped key is told with what was meant
Name: xy
Comand: [a]  # GF401: there is no key 'Comand' here
=== a key of Airflow's is told with ours
Name: xy
Command: [a]
max_active_runs: 1  # GF401: 'max_active_runs'
=== the same key in another case stands twice
Name: xy
Command: [a]
command: [b]  # GF405: Command stands here twice
=== the very same key stands twice
Name: xy
Command: [a]
Name: zz  # GF405: line 2 has it too
=== a name begins with a letter
Name: 1xy  # GF402: '1xy' is not a DAG name
Command: [a]
=== a name is not one letter
Name: x  # GF402: 'x' is not a DAG name
Command: [a]
=== a name is needed
Command: [a]  # GF403: Name is missing
=== something has to run
Name: xy  # GF403: there is nothing to run
Retries: 1
=== a command is a list
Name: xy
Command: echo hi  # GF402: 'echo hi' is not a list of strings
=== a command has words
Name: xy
Command: []  # GF402: the list is empty
=== a word of a command is not nothing
Name: xy
Command: [echo, ~]  # GF402: nothing is not a word of the command
=== retries are whole numbers
Name: xy
Command: [a]
Retries: 1.5  # GF402: '1.5' is not a whole number, 0 or more
=== retries are numbers
Name: xy
Command: [a]
Retries: many  # GF402: 'many' is not a whole number
=== truth is no number
Name: xy
Command: [a]
Retries: true  # GF402: 'true' is not a whole number
=== one run has to be allowed
Name: xy
Command: [a]
MaxActiveRuns: 0  # GF402: '0' is not a whole number, 1 or more
=== a time limit is more than nothing
Name: xy
Command: [a]
TimeLimit: 0  # GF402: '0' is not a duration
=== yes is text in YAML 1.2
Name: xy
Command: [a]
WithLogs: yes  # GF402: 'yes' is not true or false
=== a retry policy is one of three
Name: xy
Command: [a]
RetryPolicy: OnFail  # GF402: 'OnFail' is not one of Always, OnFailure, Never
=== a cron expression has five fields
Name: xy
Command: [a]
Schedule: "0 0 3 * * *"  # GF206: has five fields
=== a cron expression has a meaning
Name: xy
Command: [a]
Schedule: "61 * * * *"  # GF206: is no cron expression
=== a preset exists
Name: xy
Command: [a]
Schedule: "@fortnightly"  # GF206: @fortnightly is no preset
=== every needs a duration
Name: xy
Command: [a]
Schedule: "@every now"  # GF206: @every needs a duration
=== a schedule is text
Name: xy
Command: [a]
Schedule: 5  # GF402: '5' is not a schedule
=== a zone exists
Name: xy
Command: [a]
Timezone: Europe/Atlantis  # GF402: there is no time zone 'Europe/Atlantis'
=== a date exists
Name: xy
Command: [a]
StartDateTime: 2023-02-29  # GF402: '2023-02-29' is not a date
=== the end is not before the start
Name: xy
Command: [a]
StartDateTime: 2024-01-02
EndDateTime: 2024-01-01  # GF402: EndDateTime is before StartDateTime
=== a label's value is short and plain
Name: xy
Command: [a]
Labels: {team: "a b"}  # GF402: 'a b' is not a label's value
=== a label's name is plain
Name: xy
Command: [a]
Labels: {"te am": ab}  # GF402: 'te am' is not a label's name
=== resources are requests and limits
Name: xy
Command: [a]
Resources: {cpu: 1}  # GF401: there is no key 'cpu' here
=== a list is no DAG
- Name: xy  # GF402: a list is not a DAG
=== tasks are named
Name: xy
Tasks:
  - Command: [a]  # GF403: Name is missing
=== tasks have names of their own
Name: xy
Tasks:
  - {Name: a, Command: [a]}
  - {Name: a, Command: [b]}  # GF202: line 4 already defines a task 'a'
=== dependencies exist
Name: xy
Tasks:
  - {Name: load, Command: [a]}
  - {Name: b, Command: [b], DependsOn: laod}  # GF402: there is no task 'laod'
=== tasks do not wait for each other
Name: xy
Tasks:
  - {Name: a, Command: [a], DependsOn: c}  # GF201: wait for each other
  - {Name: b, Command: [b], DependsOn: a}
  - {Name: c, Command: [c], DependsOn: b}
=== a task does not wait for itself
Name: xy
Tasks:
  - {Name: a, Command: [a], DependsOn: a}  # GF201: a -> a
=== trigger rules are Airflow's
Name: xy
Tasks:
  - {Name: a, Command: [a], TriggerRule: all_succes}  # GF402: 'all_succes' is not one of
=== tags of YAML are not followed
Name: xy
Command: !include a.yaml  # GF003: the tag !include is not read
=== an indentation is wrong
Name: xy
Command: [a]
  Retries: 1  # GF003: expected <block end>
=== a bracket is not closed
Name: xy
Command: [a
Retries: 1  # GF003: expected
=== a second DAG has the name of the first
Name: xy
Command: [a]
---
Name: xy  # GF007: line 2 already defines a DAG 'xy'
Command: [a]
"""


def fault_cases():
    for part in re.split(r"^=== ", FAULTS, flags=re.MULTILINE)[1:]:
        name, _, text = part.partition("\n")
        yield pytest.param("\n" + text, id=name)


@pytest.mark.parametrize("text", list(fault_cases()))
def test_a_fault_is_told_on_its_line(text):
    expected = []
    for number, line in enumerate(text.splitlines(), 1):
        found = re.search(r"# (GF\d+): (.*)$", line)
        if found:
            expected.append((number, found[1], found[2]))
    findings = read_native(text.encode(), "x.yaml").diagnostics
    assert [(d.span.line, d.code) for d in findings] == [(line, code) for line, code, _ in expected]
    for finding, (_, code, words) in zip(findings, expected, strict=True):
        assert words in finding.message
        assert code in CODES
        assert finding.span.column >= 1


def test_a_mistyped_key_gets_a_proposal():
    (finding,) = read_native(b"Name: xy\nCommand: [a]\nDocker_Image: b\n", "x.yaml").diagnostics
    assert finding.hint == "did you mean 'DockerImage'?"


def test_always_is_on_failure_with_a_warning():
    found = read_native(b"Name: xy\nCommand: [a]\nRetryPolicy: always\n", "x.yaml")
    assert [(d.code, d.severity, d.span.line) for d in found.diagnostics] == [("GF404", Severity.WARNING, 3)]
    assert found.dags[0].tasks[0].native["RetryPolicy"] == "OnFailure"


def test_aliases_that_multiply_are_stopped():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    (finding,) = read_native("\n".join(lines).encode(), "x.yaml").diagnostics
    assert finding.code == "GF005"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"Name: \xff\xfe", "GF001"),
        (b"[" * 5000, "GF005"),
        (b"Name: [*nowhere]", "GF003"),
        (b"Name: &a [*a]", "GF003"),
        (b"<<: [1]", "GF003"),
        (b"? [a]\n: b", "GF003"),
        (b"x" * (4 * 1024 * 1024 + 1), "GF005"),
        (b"Name: a\x00b", "GF003"),
        (b'Name: "\\UFFFFFFFF"', "GF003"),
        (b'Name: "\\U00110000"', "GF003"),
        (b"%YAML " + b"9" * 5000 + b".1\n---\nName: a", "GF003"),
    ],
    ids=[
        "not UTF-8",
        "nested too deeply",
        "an alias of nothing",
        "an alias of itself",
        "a merge of a number",
        "a list as key",
        "too large",
        "a control character",
        "a character that is none",
        "a character beyond the last",
        "a version of too many digits",
    ],
)
def test_what_cannot_be_read_at_all_is_told(content, code):
    found = read_native(content, "x.yaml")
    assert found.dags == ()
    assert [d.code for d in found.diagnostics] == [code]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"Name: a\nCommand: [x]\n", True),
        (b"command: [x]\nname: a\n", True),
        (b'"Name": a\n"Tasks": []\n', True),
        (b"name: ci\non: push\njobs: {}\n", False),
        (b"name: env\ndependencies: [numpy]\n", False),
        (b"apiVersion: v1\nkind: Pod\nmetadata:\n  name: x\nspec:\n  command: [a]\n", False),
        (b"tasks:\n  - name: ansible\n", False),
    ],
    ids=["ours", "ours in small letters", "quoted", "a workflow", "an environment", "a manifest", "a playbook"],
)
def test_yaml_of_somebody_else_is_left_alone(content, expected):
    assert looks_native(content) is expected


PIECES = ["Name:", " Tasks", " Command", " [a]", "- ", "\n", "{}", "&", "*", "!", "~", "1", ":", "'"]


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200) | st.lists(st.sampled_from(PIECES)).map("".join))
def test_no_text_makes_the_reader_raise(text):
    for finding in read_native(text.encode("utf-8", "surrogatepass"), "x.yaml").diagnostics:
        assert finding.code in CODES
