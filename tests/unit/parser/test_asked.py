"""What the text of a file asks for."""

from __future__ import annotations

import pytest

from goflow.parser.asked import asked_in_python, asked_in_template


@pytest.mark.parametrize(
    ("source", "kind", "names"),
    [
        ("Variable.get('a')", "variables", {"a"}),
        ("Variable.get(key='a', default=None)", "variables", {"a"}),
        ("models.Variable.get('a')", "variables", {"a"}),
        ("Variable.get(name)", "variables", set()),
        ("def f():\n  return Variable.get('a')", "variables", {"a"}),
        ("BashOperator(bash_command='{{ var.value.a }} {{ var.json.b.c }}')", "variables", {"a", "b"}),
        ("x = '{{ var.value.get(\"a\", 1) }}'", "variables", {"a"}),
        ("x = 'var.value.a'", "variables", set()),
        ("Connection.get('a')", "connections", {"a"}),
        ("BaseHook.get_connection('a')", "connections", {"a"}),
        ("hook.get_connection(conn_id='a')", "connections", {"a"}),
        ("S3Hook(aws_conn_id='a')", "connections", {"a"}),
        ("S3Hook(aws_conn_id='{{ conn.b.login }}')", "connections", {"b"}),
        ("os.environ['A']", "environment", {"A"}),
        ("os.environ.get('A', '')", "environment", {"A"}),
        ("getenv('A')", "environment", {"A"}),
        ("import a.b\nfrom c.d import e\nfrom . import f\nimport g as h", "modules", {"a.b", "c.d", "g"}),
        ("def f():\n  import pandas", "modules", {"pandas"}),
        ("this is no python", "modules", set()),
    ],
)
def test_names_that_stand_in_a_file(source, kind, names):
    assert getattr(asked_in_python(source), kind) == names


def test_a_template_file_asks_too():
    found = asked_in_template("select '{{ var.value.a }}' -- {{ conn.get('b').host }}")
    assert (found.variables, found.connections) == ({"a"}, {"b"})
