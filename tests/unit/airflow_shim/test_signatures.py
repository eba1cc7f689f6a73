"""Every argument and template field that the reader knows of a standard operator, the shim knows too: a task that is
read is a task that runs."""

from __future__ import annotations

import inspect

import pytest
from airflow._goflow import finder

from goflow.domain.spec import Dialect
from goflow.parser.libraries.airflow.standard_operators import standard_operators


def parameters(cls):
    """The names that CLS and its bases take; BaseOperator takes ``provide_context`` from what is left over."""
    found = {"provide_context"}
    for base in cls.__mro__:
        if "__init__" in vars(base):
            init = getattr(base.__init__, "__wrapped__", base.__init__)
            found |= set(inspect.signature(init).parameters)
    return found


@pytest.fixture(params=list(Dialect))
def classes(request, world):
    """(model of the reader, class of the shim) for each standard operator under one dialect."""
    world.reset(request.param.value)
    pairs = [
        (model, finder.attribute(*path.rsplit(".", 1))) for path, model in standard_operators(request.param).items()
    ]
    return [(model, cls) for model, cls in pairs if not getattr(cls, "is_stand_in", False)]


def test_the_shim_takes_every_argument_that_the_reader_takes(classes):
    missing = {cls.__name__: sorted(set(model.parameters) - parameters(cls)) for model, cls in classes}
    assert {name: names for name, names in missing.items() if names} == {}


def test_the_shim_renders_the_fields_that_the_reader_reads(classes):
    different = {
        cls.__name__: (sorted(model.template_fields), sorted(cls.template_fields))
        for model, cls in classes
        if model.template_fields is not None and set(model.template_fields) != set(cls.template_fields)
    }
    assert different == {}


FILE_SENSOR = {
    "airflow2": "from airflow import DAG\nfrom airflow.sensors.filesystem import FileSensor",
    "airflow3": "from airflow.sdk import DAG\nfrom airflow.providers.standard.sensors.filesystem import FileSensor",
}


@pytest.mark.parametrize("dialect", FILE_SENSOR)
def test_a_class_of_the_author_s_own_renders_the_fields_that_it_names(dags, dialect):
    dags.write(
        f"""{FILE_SENSOR[dialect]}
class Own(FileSensor):
    template_fields = (*FileSensor.template_fields, "more")
    def __init__(self, *, more, **kwargs):
        super().__init__(**kwargs)
        self.more = more
    def poke(self, context):
        return True
with DAG("d", schedule=None):
    Own(task_id="t", filepath="/x", more="{{{{ run_id }}}}")
"""
    )
    assert dags.run(dialect=dialect)["state"] == "success"
    assert dags.client.rendered["more"] == "r"


def test_airflow_2_s_older_name_of_the_exit_code_that_means_skip(dags):
    dags.write(
        "from airflow import DAG\nfrom airflow.operators.bash import BashOperator\n"
        "with DAG('d', schedule=None):\n    BashOperator(task_id='t', bash_command='exit 7', skip_exit_code=7)\n"
    )
    assert dags.run(dialect="airflow2")["state"] == "skipped"
