"""Calls some of whose arguments nobody knows: what they make is there, and what depends on them is told."""

from __future__ import annotations

import pytest

from .reading import errors, in_dag, only_task, read

UNKNOWN = "import requests\nu = requests.get('http://x').json()\n"
HIDDEN = f"{UNKNOWN}d = {{'task_id': 'a'}}\nd[u] = 1\n"
OWN = "class Own(BaseOperator):\n    def __init__(self, x, y=2, **k):\n        super().__init__(**k)\n        self.x, self.y = x, y\n"


@pytest.mark.parametrize(
    ("sentence", "lines", "told"),
    [
        ("an operator", "E('a', **{u: 1})", "retries of task 'a'"),
        ("an operator that is given nothing else", "EmptyOperator(**u)", "a task's id"),
        ("an operator of the file's own", f"{OWN}Own(task_id='a', **{{u: 1}})", "retries of task 'a'"),
        ("a mapped operator", "BashOperator.partial(**u).expand(bash_command=['x'])", "what partial(...) does"),
        ("what is mapped over", "BashOperator.partial(task_id='t').expand(**u)", "what expand(...) does"),
        ("a group", "with TaskGroup(**u): E('x')", "what TaskGroup(...) does"),
        ("a chain", "chain(E('x'), *u)", "what chain(...) does"),
        ("a function that makes a task of them", "def f(a, k=1):\n    E(a)\nf(*u)", "a task's id"),
        ("a DAG", "q = DAG('q', **{u: 1})", "the arguments of the DAG"),
    ],
)
def test_what_they_may_say_is_told(sentence, lines, told):
    body = (HIDDEN + lines).replace("\n", "\n    ")
    found = errors(read(f"with DAG('d', schedule=None) as dag:\n    {body}"))
    assert any(told in finding and finding.startswith("GF101") for finding in found), (sentence, found)
    assert not any("GF204" in finding for finding in found), sentence


@pytest.mark.parametrize(
    ("sentence", "lines", "ids"),
    [
        ("a function of the file", "def f(a=1, *b, k=2, **c): E('in')\nf(**d)\nf(*u)", ["in"]),
        ("a task of TaskFlow", "@task\ndef g(x=1): ...\ng(**u)", ["g"]),
        ("a group of TaskFlow", "@task_group\ndef g(x=1): E('i')\ng(**u)", ["g.i"]),
    ],
)
def test_what_is_made_without_them_is_there(sentence, lines, ids):
    if sentence == "a function of the file":
        lines = lines.replace("\nf(*u)", "")
    assert [task.task_id for task in in_dag(HIDDEN + lines).tasks] == ids, sentence


def test_tasks_among_the_known_arguments_are_upstream():
    lines = "@task\ndef g(*x): ...\n@task\ndef h(): ...\ng(h(), *u)"
    found = {task.task_id: task.upstream for task in in_dag(UNKNOWN + lines).tasks}
    assert found == {"g": ("h",), "h": ()}


def test_an_object_of_the_file_keeps_what_is_known():
    lines = "class A:\n    def __init__(self, n=1, m=2):\n        self.n, self.m = n, m\na = A(**{u: 1, 'm': 3})\n"
    env = only_task(f'{UNKNOWN}{lines}B(env={{"n": a.n, "m": str(a.m)}})').fields["env"]
    assert "$hole" in env["n"]
    assert env["m"] == "3"


def test_a_key_that_nobody_knows_is_a_hole_and_no_text():
    env = only_task(f"{UNKNOWN}d = {{'k': 'v'}}\nd.update(u)\nB(env=d)").fields["env"]
    assert "<unknown" not in str(env)
    assert any("$hole" in key for key, _ in env["$dict"])


UPDATED = f"{UNKNOWN}d = {{'owner': 'me'}}\nd.update(u)\nmany = [1]\nmany.extend(u)\n"


@pytest.mark.parametrize(
    ("sentence", "lines", "told"),
    [
        ("default arguments of the DAG", "with DAG('q', default_args=d): E('a')", "retries of task 'a'"),
        ("those that are copied", "with DAG('q', default_args={**d, 'pool': 'x'}): E('a')", "retries of task 'a'"),
        ("of a group", "with DAG('q'):\n  with TaskGroup('g', default_args=d): E('a')", "retries of task 'g.a'"),
        ("of a task", "with DAG('q'): E('a', default_args=d)", "retries of task 'a'"),
        (
            "of copies",
            "with DAG('q'): BashOperator.partial(task_id='a', default_args=d).expand(bash_command=['x'])",
            "retries",
        ),
        (
            "that are added to the DAG's",
            "with DAG('q') as q:\n  q.default_args.update(u)\n  E('a')",
            "retries of task 'a'",
        ),
        ("params of the DAG", "with DAG('q', params=d): E('a')", "which params the DAG has"),
        (
            "params of which one may be there",
            "p = {'a': 1}\nif u: p['b'] = 2\nwith DAG('q', params=p): E('a')",
            "which params",
        ),
        ("params that are not known at all", "with DAG('q', params=u): E('a')", "which params the DAG has"),
        ("params of a task", "with DAG('q'): E('a', params=d)", "which params a task has"),
        ("among its default arguments", "with DAG('q'): E('a', default_args={'params': u})", "which params a task has"),
        (
            "copies for the keys",
            "with DAG('q'): BashOperator.partial(task_id='a').expand(bash_command=d)",
            "is expanded over",
        ),
        (
            "for a longer list",
            "with DAG('q'): BashOperator.partial(task_id='a').expand(bash_command=many)",
            "is expanded over",
        ),
        (
            "for arguments",
            "with DAG('q'): BashOperator.partial(task_id='a').expand_kwargs([{}, *u])",
            "is expanded over",
        ),
        (
            "of a group",
            "with DAG('q'):\n  @task_group\n  def g(x): E('a')\n  g.expand(x=many)",
            "is expanded over",
        ),
    ],
)
def test_keys_and_elements_that_were_added_by_what_is_not_known(sentence, lines, told):
    found = errors(read(UPDATED + lines))
    assert any(told in finding and finding.startswith("GF101") for finding in found), (sentence, found)
