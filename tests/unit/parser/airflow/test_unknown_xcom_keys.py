"""An XCom whose key nobody knows still is of its task: the edge is there, the value is a hole, and a map over it is told."""

from __future__ import annotations

import pytest

from tests.unit.parser.airflow.reading import THREE, TWO, read

HEAD = "import unread\nwith DAG('d'):\n  t = task(fn)()\n  e = E('e')\n  "
USED = {
    "as an argument": "task(fn).override(task_id='x')(t[unread.key])",
    "in a list": "task(fn).override(task_id='x')([t[unread.key]])",
    "in a template field": "BashOperator(task_id='x', bash_command=t[unread.key])",
    "of a plain task": "t >> e\n  BashOperator(task_id='x', bash_command=XComArg(t.operator, unread.key))",
}
MAPPED = {
    "of TaskFlow": "task(fn).expand(a=t[unread.key])",
    "of an operator": "BashOperator.partial(task_id='b').expand(bash_command=t[unread.key])",
    "said as XComArg": "BashOperator.partial(task_id='b').expand(bash_command=XComArg(t.operator, unread.key))",
    "mapped by a function": "task(fn).expand(a=t[unread.key].map(fn))",
    "zipped": "task(fn).expand(a=t.zip(t[unread.key]))",
    "of dicts": "BashOperator.partial(task_id='b').expand_kwargs(t[unread.key])",
}


@pytest.mark.parametrize("dialect", [THREE, TWO])
@pytest.mark.parametrize("line", USED.values(), ids=USED.keys())
def test_it_is_an_edge_and_a_hole(line, dialect):
    found = read(HEAD + line, dialect)
    (dag,) = found.dags
    assert dag.task("x").upstream == ("fn",)
    assert "GF102" in {told.code for told in found.diagnostics}


@pytest.mark.parametrize("dialect", [THREE, TWO])
@pytest.mark.parametrize("line", MAPPED.values(), ids=MAPPED.keys())
def test_what_is_mapped_over_it_is_not_known(line, dialect):
    found = read(HEAD + line, dialect)
    assert (found.dags, [told.code for told in found.diagnostics]) == ((), ["GF101"])
