"""Templates that want too much are refused quickly, and those of every day are not."""

from __future__ import annotations

import sys
import time

import pendulum
import pytest
from jinja2.exceptions import SecurityError

from goflow.parser.interpreter.session import RECURSION_LIMIT
from goflow.templating.budget import LONGEST_S, budget
from goflow.templating.context import FILTERS
from goflow.templating.environment import RenderError, environment, render

AGES = {"start": pendulum.datetime(1, 1, 1), "end": pendulum.datetime(9999, 1, 1)}
HOSTILE = {
    "a text times a number": "{{ 'x' * 100000000 }}",
    "a list times a number": "{{ ([0] * 100000000) | length }}",
    "powers": "{{ 10 ** 100000 }}",
    "powers of powers": "{{ (10 ** 5000) ** 5000 }}",
    "doubling by ~": "{% set ns = namespace(s='xx') %}{% for i in range(60) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}",
    "doubling by +": "{% set ns = namespace(s='xx') %}{% for i in range(60) %}{% set ns.s = ns.s + ns.s %}{% endfor %}",
    "doubling a list": "{% set ns = namespace(s=[1]) %}{% for i in range(60) %}{% set ns.s = ns.s + ns.s %}{% endfor %}",
    "doubling what is written": (
        "{% set ns = namespace(s='xx') %}{% for i in range(60) %}{% set x %}{{ ns.s }}{{ ns.s }}{% endset %}"
        "{% set ns.s = x %}{% endfor %}"
    ),
    "loops in loops": "{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}",
    "loops in loops over text": "{% for a in 'x' * 9999 %}{% for b in 'y' * 9999 %}{% if a %}{% endif %}{% endfor %}{% endfor %}",
    "a macro that calls itself": "{% macro m() %}{{ m() }}{{ m() }}{% endmacro %}{{ m() }}",
    "a loop that calls itself": "{% for a in [1] recursive %}{{ loop([1]) }}{{ loop([1]) }}{% endfor %}",
    "much text in a loop": "{% for a in range(99999) %}" + "x" * 1000 + "{% endfor %}",
    "much text in a loop that is not shown": "{% set a %}{% for a in range(99999) %}"
    + "x" * 1000
    + "{% endfor %}{% endset %}",
    "a wide column": "{{ 'x'.ljust(1000000000) }}",
    "a wide filter": "{{ 'x' | center(1000000000) }}",
    "an indent": "{{ 'x\\ny' | indent(1000000000) }}",
    "a wide format": "{{ '{:1000000000}'.format(1) }}",
    "a width from outside": "{{ '{:{w}}'.format(1, w=1000000000) }}",
    "a wide % format": "{{ '%1000000000d' | format(1) }}",
    "% on text": "{{ '%1000000000d' % 1 }}",
    "replacing nothing by much": "{% set s = 'x' * 100000 %}{{ s.replace('', s) }}",
    "the same as a filter": "{% set s = 'x' * 100000 %}{{ s | replace('', s) }}",
    "joining with much": "{% set s = 'x' * 100000 %}{{ s.join(range(99999) | list) }}",
    "the same by the filter": "{% set s = 'x' * 100000 %}{{ range(99999) | join(s) }}",
    "batches": "{{ [1] | batch(100000000, 0) | list | length }}",
    "indented JSON": "{{ [1, [2]] | tojson(indent=100000000) }}",
    "the microseconds of an age": "{{ (end - start).range('microseconds') | list | length }}",
    "the days of an age": "{{ (end - start) | list | length }}",
    "much text by chance": "{{ lipsum(n=100000) }}",
    "Python's innards": "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "changing what is not its own": "{% do params.update({'a': 1}) %}",
    "a template as long as a book": "{{ 1 }}" + "x" * 300_000,
    "blocks without end": "{% if true %}" * 5000 + "{% endif %}" * 5000,
    "a sum without end": "{{ 1" + " + 1" * 20_000 + " }}",
    "parentheses without end": "{{ " + "(" * 5000 + ")" * 5000 + " }}",
}


@pytest.fixture(autouse=True)
def a_reader_was_here():
    """Python's limit is as high as the reader of DAG files sets it for its process: nothing here may rely on it."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, RECURSION_LIMIT))
    yield
    sys.setrecursionlimit(before)


@pytest.fixture(scope="module")
def jinja():
    return environment(FILTERS)


@pytest.mark.parametrize("template", HOSTILE.values(), ids=HOSTILE.keys())
def test_what_wants_too_much_is_refused_quickly(jinja, template):
    started = time.monotonic()
    with pytest.raises(RenderError):
        render(template, jinja, {"params": {}, **AGES}, "field")
    assert time.monotonic() - started < 5


USUAL = {
    "{% for n in range(1000) %}{{ n }},{% endfor %}": ",".join(map(str, range(1000))) + ",",
    "{{ 'a' ~ 1 ~ none }}": "a1None",
    "{{ 'a' + 'b' }}{{ [1] + [2] }}{{ 2 + 3 }}{{ 2 * 3 }}{{ 7 % 4 }}{{ 2 ** 10 }}": "ab[1, 2]56" + "3" + "1024",
    "{{ '{:>5}|{}'.format('x', 1) }}{{ '%s-%03d' | format('a', 7) }}": "    x|1a-007",
    "{{ 'x'.center(5) }}{{ ['a', 'b'] | join(', ') }}{{ 'a-b'.replace('-', '+') }}": "  x  a, ba+b",
    "{{ {'a': [1]} | tojson }}{{ [3, 1] | sort }}{{ 'x' | default('y') }}{{ none is none }}": '{"a": [1]}[1, 3]xTrue',
    "{% macro m(x) %}<{{ x }}>{% endmacro %}{{ m(1) }}{% set a %}b{{ 1 }}{% endset %}{{ a }}": "<1>b1",
    "{% if true %}yes{% endif %}{# no #}{% raw %}{{ x }}{% endraw %}": "yes{{ x }}",
    "{{ (1, 2) }}{{ 1.5 }}{{ none }}{{ true }}{{ 'ä' }}": "(1, 2)1.5NoneTrueä",
    "{{ '2026-01-02' | string }}{{ 'a' if (1 == 1) else 'b' }}": "2026-01-02a",
    "text\n": "text",
    "a\r\nb": "a\nb",
    "no template": "no template",
}


@pytest.mark.parametrize(("template", "expected"), USUAL.items())
def test_what_is_usual_comes_out(jinja, template, expected):
    assert render(template, jinja, {}) == expected


def test_a_process_that_was_stopped_in_the_middle_has_not_used_the_templates_time(monkeypatch):
    """SIGSTOP, or a machine with much else to do: the clock goes on, and no processor time is used."""
    with budget() as left:
        now = time.monotonic()
        monkeypatch.setattr(time, "monotonic", lambda: now + 60)
        left.step()
        used = time.thread_time()
        monkeypatch.setattr(time, "thread_time", lambda: used + LONGEST_S + 1)
        with pytest.raises(SecurityError, match="it takes longer than 2 s"):
            left.step()
