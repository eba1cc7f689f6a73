"""The catalogue: what is known about providers' operators, and how it is asked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import goflow.parser.catalogue as catalogue
from goflow.parser.catalogue import REQUIRED, FieldSource, decorated, lookup, provider_version

DATA = sorted((Path(catalogue.__file__).parent / "data").glob("*.json"))


@pytest.mark.parametrize(
    ("path", "fields", "sensor"),
    [
        ("standard.operators.bash.BashOperator", ("bash_command", "env", "cwd"), False),
        ("standard.sensors.filesystem.FileSensor", ("filepath", "fs_conn_id"), True),
        ("http.operators.http.HttpOperator", ("endpoint", "data", "headers", "http_conn_id"), False),
        ("common.sql.sensors.sql.SqlSensor", ("sql", "hook_params", "parameters", "conn_id"), True),
    ],
)
def test_an_operator_is_found_by_its_path(path, fields, sensor):
    facts = lookup(f"airflow.providers.{path}")
    assert facts is not None
    assert (facts.template_fields, facts.sensor) == (fields, sensor)
    assert facts.name == path.rpartition(".")[2]
    assert facts.bases[-1] == "airflow.sdk.bases.operator.BaseOperator"
    assert ("airflow.sdk.bases.sensor.BaseSensorOperator" in facts.bases) is sensor


@pytest.mark.parametrize(
    "path",
    ["airflow.providers.http.operators.http.Nope", "airflow.providers.nobody.operators.x.Y", "my.module.Op", ""],
)
def test_what_is_not_known_is_none(path):
    assert lookup(path) is None


def test_arguments_are_those_of_all_constructors_with_the_nearest_default():
    facts = lookup("airflow.providers.common.sql.operators.sql.SQLExecuteQueryOperator")
    assert facts is not None
    assert facts.arguments["sql"] is REQUIRED
    assert facts.arguments["autocommit"] is False
    assert facts.arguments["conn_id"] is None
    assert "conn_id" in facts.init
    assert "hook_params" not in facts.init
    assert facts.arguments["hook_params"] is None, "of the base class"
    assert "task_id" not in facts.arguments


@pytest.mark.parametrize(
    ("field", "source"),
    [
        ("image", FieldSource("image")),
        ("cmds", FieldSource("cmds", "or", [])),
        ("base_container_name", FieldSource("base_container_name", "or", "base")),
    ],
)
def test_fields_say_where_their_value_comes_from(field, source):
    facts = lookup("airflow.providers.cncf.kubernetes.operators.pod.KubernetesPodOperator")
    assert facts is not None
    assert facts.fields[field] == source


def test_a_field_that_code_makes_is_computed():
    facts = lookup("airflow.providers.common.sql.operators.sql.SQLColumnCheckOperator")
    assert facts is not None
    assert facts.fields["sql"].computed


def test_an_operator_that_can_wait_elsewhere_is_deferrable():
    facts = lookup("airflow.providers.cncf.kubernetes.operators.pod.KubernetesPodOperator")
    assert facts is not None
    assert facts.deferrable


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("bash", "airflow.providers.standard.decorators.bash._BashDecoratedOperator"),
        ("docker", "airflow.providers.docker.decorators.docker._DockerDecoratedOperator"),
        ("kubernetes", "airflow.providers.cncf.kubernetes.decorators.kubernetes._KubernetesDecoratedOperator"),
        ("nope", None),
    ],
)
def test_a_decorator_makes_an_operator(name, made):
    assert decorated(name) == made
    assert made is None or lookup(made) is not None


@pytest.mark.parametrize("path", DATA, ids=lambda path: path.stem)
def test_every_file_is_sound(path):
    data = json.loads(path.read_text())
    assert data["provider"] == f"airflow.providers.{path.stem}"
    assert provider_version(f"{data['provider']}.anything.X") == data["version"]
    assert data["classes"]
    for name in data["classes"]:
        facts = lookup(f"{data['provider']}.{name}")
        assert facts is not None
        assert set(facts.fields) == set(facts.template_fields)
        for source in facts.fields.values():
            assert source.computed or source.argument is None or source.argument in {*facts.arguments, *KNOWN_TO_ALL}


KNOWN_TO_ALL = {"params", "pool", "task_id", "queue", "timeout", "poke_interval", "mode", "inlets", "outlets"}
"""Arguments of BaseOperator and BaseSensorOperator that some operators have as template fields."""


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("postgres.operators.postgres.PostgresOperator", {"sql", "parameters"}),
        ("http.operators.http.SimpleHttpOperator", {"endpoint", "data", "headers"}),
    ],
)
def test_operators_that_providers_have_dropped_are_still_known(path, fields):
    facts = lookup(f"airflow.providers.{path}")
    assert facts is not None
    assert fields <= set(facts.template_fields)
    assert facts.bases[-1] == "airflow.sdk.bases.operator.BaseOperator"


def test_an_old_class_tells_its_old_version():
    old = provider_version("airflow.providers.http.operators.http.SimpleHttpOperator")
    new = provider_version("airflow.providers.http.operators.http.HttpOperator")
    assert old is not None
    assert new is not None
    assert int(old.split(".")[0]) < int(new.split(".")[0])
