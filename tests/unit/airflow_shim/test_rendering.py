"""Fields: nested values, files, native objects, results, and how they are shown."""

from __future__ import annotations

import pytest

OPERATOR = """
import datetime, dataclasses
from airflow.sdk import DAG, BaseOperator, literal, task
class Field(BaseOperator):
    template_fields = ("value",)
    template_ext = (".sql",)
    def __init__(self, value, **kwargs):
        super().__init__(**kwargs)
        self.value = value
    def execute(self, context):
        return repr(self.value)
class Inner:
    template_fields = ("text",)
    def __init__(self, text):
        self.text = text
    def __repr__(self):
        return f"Inner({self.text})"
class Point(tuple):
    pass
with DAG("d", schedule=None, params={"n": 5}, OPTIONS):
    Field(task_id="t", value=VALUE)
"""


def text(value, options=""):
    return OPERATOR.replace("VALUE", value).replace(", OPTIONS", f", {options}" if options else "")


VALUES = {
    "members of a list and a tuple": ("['{{ ds }}', ('{{ run_id }}', 1)]", "['2026-01-02', ('r', 1)]"),
    "values of a map, not its keys": ("{'{{ ds }}': '{{ ds }}'}", "{'{{ ds }}': '2026-01-02'}"),
    "members of a set": ("{'{{ run_id }}'}", "{'r'}"),
    "an object's own template fields": ("Inner('{{ run_id }}')", "Inner(r)"),
    "an object in a list": ("[Inner('{{ run_id }}')]", "[Inner(r)]"),
    "what is to be taken literally": ("literal('{{ ds }}')", "'{{ ds }}'"),
    "a file's content, rendered": ("'q.sql'", "'select 5'"),
    "a file in a list": ("['q.sql']", "['select 5']"),
    "a function of the context": ("lambda context, jinja_env: context['ds'] + '!'", "'2026-01-02!'"),
    "what is no text": ("7", "7"),
    "nothing": ("None", "None"),
}


@pytest.mark.parametrize(("value", "expected"), VALUES.values(), ids=VALUES.keys())
def test_values_are_rendered_wherever_they_are(dags, value, expected):
    dags.write(text(value), q__sql="select {{ params.n }}")
    assert dags.run()["state"] == "success"
    assert dags.result() == expected


NATIVE = {
    "a number": ("'{{ params.n }}'", "5"),
    "a list": ("'{{ [1, params.n] }}'", "[1, 5]"),
    "text that looks like a number": ("'12'", "12"),
    "text in quotes stays text": ("'\"12\"'", "'12'"),
    "a moment": ("'{{ data_interval_end.year }}'", "2026"),
}


@pytest.mark.parametrize(("value", "expected"), NATIVE.values(), ids=NATIVE.keys())
def test_native_rendering_gives_objects(dags, value, expected):
    dags.write(text(value, "render_template_as_native_obj=True"))
    assert dags.run()["state"] == "success"
    assert dags.result() == expected


def test_files_are_found_on_the_search_path(dags, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    (other / "far.sql").write_text("far {{ ds }}")
    dags.write(text("'far.sql'", f"template_searchpath={str(other)!r}"))
    assert dags.run()["state"] == "success"
    assert dags.result() == "'far 2026-01-02'"


def test_an_undefined_name_fails_the_task_and_names_the_field(dags, capsys):
    outcome = dags.write(text("'{{ nothing }}'")).run()
    assert (outcome["state"], outcome["retry"]) == ("failed", True)
    assert outcome["message"] == "UndefinedError: 'nothing' is undefined"
    assert "field 'value'. Template: '{{ nothing }}'" in capsys.readouterr().out


def test_templates_run_in_a_sandbox_that_lets_one_underscore_pass(dags):
    assert dags.write(text("'{{ ti._input.run_id }}'")).run()["state"] == "success"
    assert dags.write(text("'{{ ti.__class__.__mro__ }}'")).run()["state"] == "failed"


def test_environment_options_of_the_author_hold(dags):
    dags.write(
        text("'<< ds >>'", "jinja_environment_kwargs={'variable_start_string': '<<', 'variable_end_string': '>>'}")
    )
    dags.run()
    assert dags.result() == "'2026-01-02'"


SHOWN = {
    "tuples and sets as lists": ("((2, 1), {3})", [[2, 1], [3]]),
    "functions by their name": ("{'f': print}", {"f": "<callable builtins.print>"}),
    "objects by their text": ("{'o': Inner('x')}", {"o": "Inner(x)"}),
    "secrets never": (
        "{'password': 'hidden', 'deep': {'api_key': 'hidden'}}",
        {"deep": {"api_key": "***"}, "password": "***"},
    ),
}


@pytest.mark.parametrize(("value", "expected"), SHOWN.values(), ids=SHOWN.keys())
def test_fields_are_shown_as_json(dags, value, expected):
    dags.write(text(value)).run()
    assert dags.client.rendered["value"] == expected


def test_long_fields_are_cut_with_words_that_say_so(dags):
    dags.write(text("'x' * 10_000")).run()
    shown = dags.client.rendered["value"]
    assert len(shown) == 4096
    assert shown.startswith("Truncated. You can change this behaviour in [core]max_templated_field_length. xxx")
    assert shown.endswith("x...")


def test_the_command_of_a_bash_decorator_is_shown_once_it_is_known(dags):
    dags.write(
        """
        from airflow.sdk import DAG, task
        with DAG("d", schedule=None):
            @task.bash
            def t():
                return "echo {{ ds }}"
            t()
        """
    )
    assert dags.run()["state"] == "success"
    assert dags.client.rendered["bash_command"] == "echo 2026-01-02"
    assert dags.result() == "2026-01-02"


def test_the_graph_keeps_the_templates(dags):
    """Rendering is done on a copy."""
    dags.write(text("'{{ ds }}'") + "\n    class Look(BaseOperator):\n        def execute(self, context):\n"
               "            return context['dag'].get_task('t').value\n    Look(task_id='look')\n")  # fmt: skip
    dags.run("look")
    assert dags.result("look") == "{{ ds }}"
