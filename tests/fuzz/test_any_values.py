"""Whatever stands in an argument, a file is read: as a DAG that can be written as JSON and read back, or as told."""

from __future__ import annotations

import json

import pytest

from goflow.domain.spec import DagSpec, Dialect
from goflow.domain.written import write_out
from goflow.parser.libraries.airflow.base_operators import base_parameters
from goflow.parser.libraries.airflow.dag_arguments import parameters
from tests.unit.parser.airflow.reading import THREE, TWO, read

VALUES = {
    "bytes": "b'\\xff'",
    "a set": "{1, 'a'}",
    "a frozenset": "frozenset({'a', b'b'})",
    "an object": "object()",
    "a class": "int",
    "a class of the file's own": "Own",
    "an object of one": "Own()",
    "a lambda": "lambda *a: 1",
    "a range": "range(3)",
    "nan": "float('nan')",
    "inf": "float('-inf')",
    "a number of very many digits": "10 ** 5000",
    "half a surrogate pair": "'a\\ud800b'",
    "dicts in each other with tuples for keys": "{('a', 1): {b'b': {(None,): [float('inf'), {1}]}}}",
    "a list of everything": "[b'a', {2}, object(), float('nan'), 'a\\udfff', {b'k': 1}, (1, range(2)), ...]",
    "a moment": "datetime(2024, 1, 1)",
    "a day": "date(2024, 1, 1)",
    "a time of day": "time(1, 2)",
    "a stretch of time": "timedelta(days=400, microseconds=1)",
    "the longest stretch of time": "timedelta.max",
    "a decimal": "decimal.Decimal('1.50')",
    "a fraction": "fractions.Fraction(1, 3)",
    "a complex number": "1 + 2j",
    "an ellipsis": "...",
    "what is not implemented": "NotImplemented",
    "a generator": "(n for n in [1])",
    "an iterator": "iter([1])",
    "a module": "decimal",
    "a path": "pathlib.Path('a')",
    "a regular expression": "re.compile('a')",
    "an exception": "ValueError(b'a')",
    "a slice": "slice(1, 2)",
    "a view of a dict": "{b'a': 1}.keys()",
    "a deque": "collections.deque([b'a'])",
    "a named tuple": "collections.namedtuple('T', 'x')(b'a')",
    "a default dict": "collections.defaultdict(list, {b'a': [b'b']})",
    "a member of an enumeration": "Colour.RED",
    "a text of a class of its own": "Word('a')",
    "a task": "before",
    "a DAG": "other",
    "nothing": "None",
    "true": "True",
    "an empty text": "''",
    "a text": "'some text'",
    "a negative number": "-5",
    "a float": "1.5",
    "a text that nobody knows": "unread.value",
}  # fmt: skip
HEAD = """
import collections, decimal, enum, fractions, pathlib, re, unread
class Own:
    def __call__(self, *a): ...
class Colour(enum.Enum):
    RED = b"red"
class Word(str): ...
with DAG("other") as other:
    before = E("before")
"""
OF_DAGS = [(dialect, name) for dialect in (THREE, TWO) for name in parameters(dialect)]
OF_TASKS = [(dialect, name) for dialect in (THREE, TWO) for name in (*base_parameters(dialect), "bash_command", "env")]


def check(lines: list[str], dialect: Dialect) -> None:
    """Each of LINES, which may raise, is read, and what is made of it is kept as it is."""
    tried = [f"try:\n    {line}\nexcept Exception:\n    pass\n" for line in lines]
    found = read(HEAD + "".join(tried), dialect)
    assert [told.message for told in found.diagnostics if told.code == "GF009"] == []
    for spec in found.dags:
        written = write_out(spec)
        assert DagSpec.from_json(json.loads(written.text)).digest() == written.digest, spec.dag_id
    json.dumps([told.to_json() for told in found.diagnostics], allow_nan=False).encode()


@pytest.mark.parametrize(("dialect", "name"), OF_DAGS)
def test_an_argument_of_a_dag_may_be_anything(dialect, name):
    check(
        [f"E(dag=DAG(**{{'dag_id': 'd{i}', '{name}': {value}}}))" for i, value in enumerate(VALUES.values())], dialect
    )


@pytest.mark.parametrize(("dialect", "name"), OF_TASKS)
def test_an_argument_of_a_task_may_be_anything(dialect, name):
    given = [
        f"**{{'task_id': 't', 'bash_command': 'a', 'dag': DAG('d{i}'), '{name}': {value}}}"
        for i, value in enumerate(VALUES.values())
    ]
    check([f"BashOperator({arguments})" for arguments in given], dialect)


@pytest.mark.parametrize("dialect", [THREE, TWO])
def test_what_a_function_or_a_copy_is_given_may_be_anything(dialect):
    ways = (
        "task(fn)({0})", "task(fn)(a={0})", "task(fn).expand(a={0})", "task(fn).override(task_id={0})()",
        "BashOperator.partial(task_id='t', env={0}).expand(bash_command={0})",
        "BashOperator.partial(task_id='t').expand_kwargs({0})", "TaskGroup({0}, tooltip={0})", "Param({0}, description={0})",
        "E() >> Label({0}) >> E('f')", "other.params.update(p={0})", "E(inlets=task(fn)()[{0}])", "task(fn)(a=task(fn)()[{0}])",
        "task(fn).expand(a=task(fn)().zip(task(fn)(), fillvalue={0}))", "task(fn).expand(a=task(fn)().map({0}))",
        "E(outlets=[Asset({0})])", "E(outlets=[Asset('a', extra={0})])", "E(outlets=[Asset(uri={0})])", "E(outlets=[AssetAlias({0})])",
        "E(dag=DAG('s', schedule=[Asset('a', extra={0}, group={0})]))", "E(dag=DAG('s', schedule=DeltaDataIntervalTimetable({0})))",
        "E(dag=DAG('s', schedule=CronTriggerTimetable({0}, timezone={0})))", "E(dag=DAG('s', schedule=CronTriggerTimetable('@daily', timezone='UTC', interval={0})))",
        "E(dag=DAG('s', schedule=MultipleCronTriggerTimetable({0}, timezone='UTC', run_immediately={0})))",
        "E(dag=DAG('s', schedule=AssetOrTimeSchedule(timetable={0}, assets={0})))", "chain(before, {0})", "TaskGroup('g', default_args={0})",
        "PythonOperator(task_id='p', python_callable=fn, op_args={0}, op_kwargs={0}, templates_dict={0})", "PythonOperator(task_id='p', python_callable={0})",
        "FileSensor(task_id='f', filepath={0}, mode={0})", "FileSensor(task_id='f', filepath='a', poke_interval={0}, timeout={0})",
        "task.bash(env={0})(fn)()", "task_group({0})(fn)()", "task_group(fn)({0})", "setup(fn)({0}) >> E()", "before.set_downstream({0})",
        "other.doc_md = {0}", "before.retries = {0}",
    )  # fmt: skip
    for way in ways:
        made = [f"with DAG('d{i}', params={{'p': {v}}}): {way.format(v)}" for i, v in enumerate(VALUES.values())]
        check(made, dialect)
