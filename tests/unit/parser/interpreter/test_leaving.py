"""Loops and functions that may be left before their end: what follows happens or does not."""

from __future__ import annotations

import pytest

from goflow.domain.spec import Dialect, Inputs
from goflow.parser.api import Folder, parse_file
from goflow.parser.interpreter.values import Unknown, first_unknown
from tests.unit.parser.interpreter.evaluating import evaluate_text

START = "import random\ndef u():\n    return random.random() > 0.5\nx = 0\n"

NOT_KNOWN = {
    "a for loop": "for i in [1, 2]:\n    if u():\n        break\n    x = i\n",
    "a while loop": "while x < 3:\n    if u():\n        break\n    x += 1\n",
    "a loop that nothing else ends but a second break": "while True:\n    x += 1\n    if u():\n        break\n    if x > 9:\n        break\n",
    "a round": "for i in [1, 2]:\n    if u():\n        continue\n    x = i\n",
    "a round of a while loop": "i = 0\nwhile i < 3:\n    i += 1\n    if u():\n        continue\n    x = i\n",
    "the else clause": "for i in [1]:\n    if u():\n        break\nelse:\n    x = 1\n",
    "an inner loop": "for i in [1, 2]:\n    for j in [3, 4]:\n        if u():\n            break\n        x = j\n",
    "an inner condition": "for i in [1, 2]:\n    if i == 1:\n        if u():\n            break\n    x = i\n",
    "both arms": "for i in [1, 2]:\n    if u():\n        x = 5\n    else:\n        break\n",
    "a function": "def f():\n    global x\n    if u():\n        return\n    x = 1\nf()\n",
    "what a function returns": "def f():\n    for i in [1, 2]:\n        if u():\n            return i\n    return 3\nx = f()\n",
    "a function that a list is given to": "def f(a):\n    if u():\n        return\n    a.append(1)\nx = []\nf(x)\n",
    "a function that is left from a loop": "def f(a):\n    for i in [1, 2]:\n        if u():\n            return\n        if u():\n            break\n    a['k'] = 1\nx = {}\nf(x)\nx = x.get('k')\n",
    "a try": "for i in [1, 2]:\n    try:\n        if u():\n            break\n        x = i\n    except ValueError:\n        pass\n",
    "a match": "for i in [1, 2]:\n    match u():\n        case True:\n            break\n    x = i\n",
    "a loop over what is not known": "def f():\n    for i in random.random():\n        if u():\n            return 1\n        if u():\n            continue\n        return 3\n    return 4\nx = f()\n",
    "a generator": "def g():\n    yield 1\n    if u():\n        return\n    yield 2\nx = list(g())\n",
    "a generator's loop": "def g():\n    for i in [1, 2]:\n        if u():\n            return\n        yield i\nfor i in g():\n    x = i\n",
    "what a generator does after its last value": "def g():\n    global x\n    yield 1\n    if u():\n        return\n    x = 1\nlist(g())\n",
    "what a generator may do from where nobody knows that it comes": "def g():\n    global x\n    try:\n        if u():\n            return\n        yield 1\n    finally:\n        x += 5\nlist(g())\n",
    "what a generator returns": "def g():\n    yield 1\n    if u():\n        return 5\n    return 6\ndef h():\n    global x\n    x = yield from g()\nlist(h())\n",
    "a finally clause that a break goes through": "for i in [1]:\n    try:\n        if u():\n            break\n        x = -1\n    finally:\n        x += 1\n",
    "a finally clause that a continue goes through": "for i in [1]:\n    try:\n        if u():\n            continue\n        x = -1\n    finally:\n        x += 1\n",
    "a finally clause that a return goes through": "def f():\n    global x\n    try:\n        if u():\n            return\n        x = -1\n    finally:\n        x += 1\nf()\n",
    "a finally clause that an exception goes through": "try:\n    try:\n        if u():\n            raise ValueError\n        x = -1\n    finally:\n        x += 1\nexcept ValueError:\n    pass\n",
}  # fmt: skip


@pytest.mark.parametrize("source", NOT_KNOWN.values(), ids=NOT_KNOWN)
def test_what_follows_is_not_known(source, tmp_path):
    found = evaluate_text(START + source, tmp_path, Inputs())[0]["x"]
    assert isinstance(found, Unknown) or first_unknown(found) is not None


KNOWN = {
    "what no way changes": ("y = 7\nfor i in [1, 2]:\n    if u():\n        break\n    x = i\nx = y\n", 7),
    "what both ways agree on": ("def f():\n    if u():\n        return 5\n    return 5\nx = f()\n", 5),
    "what stands after the loop": ("for i in [1, 2]:\n    if u():\n        break\nx = 4\n", 4),
    "what is changed before": ("for i in [1]:\n    x = 6\n    if u():\n        break\n", 6),
    "a break of another loop": ("for i in [1, 2]:\n    for j in [1]:\n        if u():\n            break\n    x += 1\n", 2),
    "a function that another has called": ("def f():\n    if u():\n        return 1\n    return 2\nfor i in [1, 2]:\n    f()\n    x += 1\n", 2),
    "a condition that is known": ("for i in [1, 2, 3]:\n    if i == 2:\n        break\n    x = i\n", 1),
    "what a finally clause does by every way": ("for i in [1]:\n    try:\n        if u():\n            break\n        x = 1\n    finally:\n        x = 5\n", 5),
    "a return in a finally clause": ("def f():\n    try:\n        if u():\n            return 1\n    finally:\n        return 9\nx = f()\n", 9),
    "an exception in the rest": ("def f():\n    if u():\n        return 1\n    raise ValueError\ntry:\n    f()\nexcept ValueError:\n    pass\nx = 3\n", 3),
}  # fmt: skip


@pytest.mark.parametrize(("source", "expected"), KNOWN.values(), ids=KNOWN)
def test_everything_else_is(source, expected, tmp_path):
    assert evaluate_text(START + source, tmp_path, Inputs())[0]["x"] == expected


TASKS = """
from airflow.sdk import DAG
from airflow.providers.standard.operators.empty import EmptyOperator
import requests
with DAG("sure"):
    EmptyOperator(task_id="a")
with DAG("unsure") as dag:
    for name in ("a", "b"):
        if requests.get(name):
            {way}
        EmptyOperator(task_id=name)
with DAG("after"):
    EmptyOperator(task_id="a")
"""


@pytest.mark.parametrize("way", ["continue", "break"])
def test_a_dag_whose_tasks_depend_on_it_is_not_taken_and_others_are(way, tmp_path):
    (tmp_path / "a.py").write_text(TASKS.format(way=way))
    result = parse_file(Folder(tmp_path, dialect=Dialect.AIRFLOW3), "a.py", Inputs())
    assert [dag.dag_id for dag in result.dags] == ["sure", "after"]
    assert {(finding.code, finding.dag_id) for finding in result.diagnostics} == {("GF101", "unsure")}
