"""A DAG written out: the same text and digest as its spec gives."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from typing import Any

import pytest

from goflow.domain.canonical import written_out
from goflow.domain.moments import Moment
from goflow.domain.spec import DagSpec, Hole, RuntimeSpec, TaskSpec
from goflow.domain.written import UnwritableError, write_out


def task(**fields: object) -> TaskSpec:
    """A task with FIELDS."""
    given = {"operator": "O", "operator_path": "m.O", "line": 7, **fields}
    return TaskSpec(task_id="t", **given)  # type: ignore[arg-type]


CASES = {
    "an empty one": DagSpec(dag_id="d"),
    "whole numbers written as floats": DagSpec(dag_id="d", tasks=(task(retry_delay=300.0, fields={"a": [1.0, 2.5]}),)),
    "moments": DagSpec(
        dag_id="d", start_date=Moment(offset_s=-3600.0), end_date=Moment(at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    ),
    "holes": DagSpec(dag_id="d", line=3, tasks=(task(fields={"a": Hole(reason="r", line=4, column=2).to_json()}),)),
    "half a surrogate pair": DagSpec(dag_id="d", description="\ud800", display_name="\udfff"),
}


@pytest.mark.parametrize("spec", CASES.values(), ids=CASES)
def test_it_is_the_specs_canonical_text_and_digest(spec: DagSpec) -> None:
    written = write_out(spec)
    assert written.text == written_out(spec.to_json())
    assert written.digest == spec.digest()
    assert written.dag_id == spec.dag_id


def test_lines_are_in_the_text_and_not_in_the_digest() -> None:
    here, there = (write_out(DagSpec(dag_id="d", tasks=(task(line=line),), line=line)) for line in (1, 2))
    assert here.text != there.text
    assert here.digest == there.digest


def test_its_namespace_is_that_of_the_dag_or_the_same_for_all_tasks() -> None:
    one, other = task(runtime=RuntimeSpec(namespace="a")), task(runtime=RuntimeSpec(namespace="b"))
    assert write_out(DagSpec(dag_id="d", tasks=(one,))).namespace == "a"
    assert write_out(DagSpec(dag_id="d", tasks=(one, other))).namespace == ""
    assert write_out(DagSpec(dag_id="d", tasks=(one, other), runtime=RuntimeSpec(namespace="c"))).namespace == "c"


@pytest.mark.parametrize(
    ("odd", "said"),
    [
        ({"sql": {"a": [1, b"x"]}}, "1 of a of sql of fields of b of tasks of the DAG holds a bytes"),
        ({"sql": {"a": float("inf")}}, "a of sql of fields of b of tasks of the DAG holds a float"),
        ({"sql": {("a", 1): 2}}, "sql of fields of b of tasks of the DAG holds a tuple"),
    ],
)
def test_what_json_has_no_form_for_is_said_with_its_place(odd: dict[str, Any], said: str) -> None:
    with pytest.raises(UnwritableError, match=said):
        write_out(DagSpec(dag_id="d", tasks=(replace(task(fields=odd), task_id="b"),)))


def test_a_float_of_the_authors_stays_one() -> None:
    given = DagSpec(dag_id="d", params={"p": 1.0}, tasks=(task(fields={"a": [2.0]}, arguments={"b": {"c": 3.0}}),))
    read = DagSpec.from_json(json.loads(write_out(given).text))
    assert (
        repr([read.params, read.tasks[0].fields, read.tasks[0].arguments])
        == "[{'p': 1.0}, {'a': [2.0]}, {'b': {'c': 3.0}}]"
    )
    assert given.digest() != DagSpec(dag_id="d", params={"p": 1}, tasks=given.tasks).digest()


def test_a_number_of_goflows_own_is_one_whether_it_is_a_float_or_not() -> None:
    one, other = (DagSpec(dag_id="d", tasks=(task(retry_delay=delay),), dagrun_timeout=delay) for delay in (60.0, 60))
    assert (write_out(one).text, one.digest()) == (write_out(other).text, other.digest())
