"""What tasks leave under Airflow 2 and not under Airflow 3; the forms are those that 2.11.2 was seen to leave."""

from __future__ import annotations

HEAD = """
from airflow import DAG
from airflow.datasets import Dataset, DatasetAlias
from airflow.decorators import task
from airflow.exceptions import AirflowSkipException
with DAG("d", schedule=None):
"""


def body(text):
    return HEAD + "".join(f"    {line}\n" for line in text.strip("\n").splitlines())


def test_inlets_and_outlets_are_results(dags):
    text = "@task(outlets=[Dataset('s3://a/b', extra={'x': 1}), DatasetAlias('c')], inlets=[Dataset('d')])\ndef t(): ...\nt()"
    assert dags.write(body(text)).run(dialect="airflow2")["state"] == "success"
    found = {key: result["value"] for (_, _, key), result in dags.client.results.items()}
    name, version, data = "__classname__", "__version__", "__data__"
    dataset, alias = "airflow.datasets.Dataset", "airflow.datasets.DatasetAlias"
    assert found["pipeline_outlets"] == [
        {name: dataset, version: 1, data: {"uri": "s3://a/b", "extra": {"x": 1}}},
        {name: alias, version: 0, data: {"name": "c"}},
    ]
    assert found["pipeline_inlets"] == [{name: dataset, version: 1, data: {"uri": "d", "extra": None}}]
    assert dags.result(key="pipeline_outlets")[0].uri == "s3://a/b"


def test_a_field_that_is_no_json_as_a_whole_is_shown_as_text(dags):
    text = "@task\ndef t(*args): ...\nt({1}, 'x')"
    dags.write(body(text)).run(dialect="airflow2")
    assert dags.client.rendered["op_args"] == "({1}, 'x')"


def test_a_bash_function_shows_its_command_even_where_the_command_skips(dags):
    for text, shown in (
        ("return 'exit 99'", "exit 99"),
        ("raise AirflowSkipException", "<airflow.utils.types.ArgNotSet"),
    ):
        state = dags.write(body(f"@task.bash\ndef t():\n    {text}\nt()")).run(dialect="airflow2")["state"]
        assert (state, dags.client.rendered["bash_command"].startswith(shown)) == ("skipped", True)
