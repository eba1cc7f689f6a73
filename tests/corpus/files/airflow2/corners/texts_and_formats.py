from __future__ import annotations

from datetime import datetime

from airflow import DAG
from airflow.operators.bash import BashOperator
from airflow.operators.empty import EmptyOperator

S = datetime(2024, 1, 1)


def E(t, **k):
    return EmptyOperator(task_id=t, **k)


def B(t, c="echo", **k):
    return BashOperator(task_id=t, bash_command=c, **k)


def fn(*a, **k): ...


with DAG(
    "jinja",
    schedule=None,
    start_date=S,
    user_defined_macros={"m": fn, "k": 3},
    user_defined_filters={"ff": fn},
    template_searchpath=["/x", "y"],
    render_template_as_native_obj=True,
    jinja_environment_kwargs={"keep_trailing_newline": True},
) as d:
    B("a", "{{ ds }} {% for i in range(3) %}{{ i }}{% endfor %} {{ '{' }} {{ var.value.get('x', 'y') }}")
    T = "tbl"
    B(
        "b",
        f"echo {{{{ ds }}}} {T!r} {T:>10} {3.14159:.2f} {1000000:,} {255:#x} {S:%Y-%m-%d} {S!s} {'a' if T else 'b'} {T=}",
    )
    B("c", "echo {} {a} {0} {{x}}".format(1, a=2) if False else "echo {0} {a} {0:>5} {{x}}".format(1, a=2))
    B("e", "echo %s %d %05.1f %(x)s" % () if False else "echo %s %d %05.1f %%" % ("a", 3, 2.5))
    B("f", "echo %(x)s %(y)r" % {"x": 1, "y": "z"})
    B("g", "\t".join(["a", "b"]) + r"\n" + "\N{BULLET}" + "\u00e9" + "xy")
    B(
        "h",
        """
      multi
        line
    """,
    )
    w = 8
    B(
        "i",
        f"{T:{w}}|{T:^{w}}|{w:0{w}d}|{w / 3:.3e}|{1 / 3}|{1e20}|{1e16}|{0.1 + 0.2}|{10**20}|{-7 // 2}|{-7 % 3}|{True}|{None}",
    )
