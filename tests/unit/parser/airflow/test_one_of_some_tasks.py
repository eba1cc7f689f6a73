"""What may be one of some tasks, groups or DAGs, and nobody knows which: whatever is done to it is told."""

import pytest

from .reading import errors, only_dag, read

HEAD = """
import company, random
with DAG("d", schedule=None, start_date=START) as dag:
    ts = [E("a"), E("b")]
    random.shuffle(ts)
"""


def inside(lines):
    """A DAG with two tasks in a list whose order nobody knows, and LINES."""
    return HEAD + "".join(f"    {line}\n" for line in lines.split("\n"))


@pytest.mark.parametrize(
    ("sentence", "lines"),
    [
        ("an edge between two", "ts[0] >> ts[1]"),
        ("the other way round", "ts[0] << ts[1]"),
        ("to a list", "ts[0] >> [E('c')]"),
        ("from a list", "[E('c')] >> ts[0]"),
        ("to another of which nothing is known", "ts[0] >> company.last"),
        ("between two of which nothing is known", "company.first >> company.last"),
        ("by a method", "ts[0].set_downstream(ts[1])"),
        ("of a dict that was updated", "d = {'a': ts[0]}\nd.update(company.more())\nd['a'] >> d['b']"),
        ("of the DAG's own dict", "dag.task_dict[company.first] >> dag.task_dict[company.last]"),
        ("by `chain`", "chain(ts[0], ts[1])"),
        ("as a helper's argument", "found = company.helper(ts[0])"),
        ("an attribute that is set", "ts[0].trigger_rule = 'all_done'"),
        ("a mark", "ts[0].as_setup()"),
        ("a mark that is not known", "E('c').is_setup = company.flag"),
        ("a result as an argument", "B('c', env={'x': ts[0].output})"),
        ("a result of TaskFlow", "@task\ndef f(x): ...\nxs = [f(1), f(2)]\nrandom.shuffle(xs)\nf(xs[0])"),
        ("a group as a context", "gs = [TaskGroup('g'), TaskGroup('h')]\nrandom.shuffle(gs)\nwith gs[0]: E('c')"),
        ("an edge between groups", "gs = [TaskGroup('g'), TaskGroup('h')]\nrandom.shuffle(gs)\ngs[0] >> gs[1]"),
        ("a task's group", "E('c', task_group=company.group)"),
        ("a task's DAG, later", "c = EmptyOperator(task_id='c')\nc.dag = company.dag"),
    ],
)
def test_what_is_done_to_it_costs_the_dag(sentence, lines):
    result = read(inside(lines))
    assert result.dags == (), sentence
    assert any(finding.startswith("GF101") for finding in errors(result))


def test_tasks_in_the_block_of_one_of_two_dags_cost_both():
    result = read(
        "import company\nd1, d2 = DAG('d1', schedule=None), DAG('d2', schedule=None)\n"
        "with {'x': d1, 'y': d2}[company.which]: E()\nwith DAG('other', schedule=None): E()"
    )
    assert [dag.dag_id for dag in result.dags] == ["other"]
    assert {problem.dag_id for problem in result.diagnostics if problem.code == "GF101"} == {"d1", "d2"}


@pytest.mark.parametrize(
    ("sentence", "lines"),
    [
        ("nothing is done to it", "first = ts[0]"),
        ("its value is a hole", "B('c', env={'x': company.value >> 2})"),
        ("numbers are shifted", "x = company.number << 3"),
    ],
)
def test_what_changes_no_graph_costs_nothing(sentence, lines):
    assert only_dag(inside(lines)).dag_id == "d", sentence
