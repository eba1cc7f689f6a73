"""Functions of the standard library against Python itself: each text is run by both, and leaves the same values."""

from __future__ import annotations

import importlib

import pytest

from goflow.parser.interpreter.values import Unknown
from tests.unit.parser.interpreter.evaluating import evaluate_text

CASES = {
    "operator: signs and their kin": (
        "import operator as o\nx = [o.neg(3), o.pos(-2), o.invert(5), o.abs(-4), o.index(True), o.truth(''), o.not_([]),\n"
        "     o.is_(None, None), o.is_not(None, 1), o.contains('abc', 'b'), o.countOf([1, 2, 1], 1), o.indexOf('abc', 'c'),\n"
        "     o.getitem({'k': 1}, 'k'), o.length_hint([1, 2]), o.concat([1], [2]), o.iadd('a', 'b'), o.__add__(1, 2)]"
    ),
    "operator: getters and callers": (
        "from operator import attrgetter, itemgetter, methodcaller\nclass A:\n    n = 1\n    def f(self, a, b=2):\n"
        "        return (a, b)\nx = (attrgetter('n')(A()), itemgetter(1, 0)('ab'), methodcaller('f', 1, b=3)(A()),\n"
        "     methodcaller('upper')('a'), sorted([{'k': 2}, {'k': 1}], key=itemgetter('k')))"
    ),
    "operator: items are set and deleted": (
        "import operator\nx = {'a': 1, 'b': 2}\noperator.setitem(x, 'c', 3)\noperator.delitem(x, 'a')"
    ),
    "operator: what is not there": (
        "import operator\nx = []\nfor f in (lambda: operator.indexOf([1], 2), lambda: operator.index(1.5),\n"
        "          lambda: operator.attrgetter(1), lambda: operator.itemgetter()):\n    try:\n        f()\n"
        "    except Exception as e:\n        x.append((type(e).__name__, str(e)))"
    ),
    "functools: an order by comparing": (
        "import functools\nx = sorted([3, 1, 2], key=functools.cmp_to_key(lambda a, b: b - a)), min('ba', key=\n"
        "    functools.cmp_to_key(lambda a, b: (a > b) - (a < b)))"
    ),
    "functools: partial methods": (
        "import functools\nclass A:\n    def set(self, a, b, c=0):\n        return a, b, c\n    on = functools.partialmethod(set, 1, c=5)\n"
        "x = A().on(2), A.on(A(), 3)"
    ),
    "functools: methods by the class of their argument": (
        "import functools\nclass A:\n    @functools.singledispatchmethod\n    def f(self, v):\n        return 'other', v\n"
        "    @f.register\n    def _(self, v: int):\n        return 'int', v\n    @f.register(str)\n    def _s(self, v):\n"
        "        return 'str', v\na = A()\nx = a.f(1), a.f('s'), a.f(2.5)"
    ),
    "math: counting": (
        "import math\nx = math.factorial(10), math.comb(5, 2), math.perm(5, 2), math.perm(4), math.comb(3, 5), math.dist((0, 0), "
        "(3, 4)), math.isclose(1, 1.1, rel_tol=0.2), math.prod([2, 3], start=2), math.frexp(8)"
    ),
    "math: what cannot be counted": (
        "import math\nx = []\nfor f in (lambda: math.factorial(-1), lambda: math.factorial(1.5), lambda: math.comb(-1, 2)):\n"
        "    try:\n        f()\n    except Exception as e:\n        x.append(type(e).__name__)"
    ),
    "fractions": (
        "from fractions import Fraction as F\nx = F(1, 3) + F(1, 6), F('0.25') ** 2, F(3, 4).numerator, str(F(7, 3)), F(1, 2) < 1, "
        "float(F(1, 4)), [F(1, 2)] == [F(2, 4)]"
    ),
    "base64: every alphabet": (
        "import base64\nx = [f(b'a?~') for f in (base64.b16encode, base64.b32encode, base64.b64encode, base64.b85encode,\n"
        "     base64.a85encode, base64.standard_b64encode, base64.b32hexencode)] + [base64.b16decode('6a', casefold=True),\n"
        "     base64.b64decode('YQ==', validate=True)]"
    ),
    "hashlib: by name, and step by step": (
        "import hashlib\nh = hashlib.new('sha256', b'a')\nh.update(b'b')\nc = h.copy()\nc.update(b'c')\nx = [h.hexdigest(),\n"
        "     c.hexdigest(), h.name, h.digest_size, hashlib.sha3_256(b'q').hexdigest(), hashlib.shake_128(b'q').hexdigest(4),\n"
        "     hashlib.md5(b'a', usedforsecurity=False).hexdigest()]"
    ),
    "calendar: months and weeks": (
        "import calendar\nc = calendar.Calendar(6)\nx = (calendar.monthcalendar(2024, 2), c.monthdayscalendar(2024, 2)[0],\n"
        "     [d.day for d in c.itermonthdates(2024, 3) if d.month == 3 and d.weekday() == calendar.FRIDAY],\n"
        "     c.firstweekday, list(c.iterweekdays()))"
    ),
    "pprint.pformat": (
        "import pprint\nx = pprint.pformat({'b': [1, 2], 'a': ('q',) * 40}), pprint.pformat([1], width=1, indent=2)"
    ),
    "csv: rows into a file in memory": (
        "import csv, io\nf = io.StringIO()\nw = csv.writer(f, delimiter=';', lineterminator='\\n')\nn = w.writerow(['a', 1, None, 'b;c'])\n"
        "w.writerows([(1.5, True), ['\"q\"', '']])\nx = n, f.getvalue()"
    ),
    "csv: dicts into a file in memory": (
        "import csv, io\nf = io.StringIO()\nw = csv.DictWriter(f, ['a', 'b'], restval='-', extrasaction='ignore')\nw.writeheader()\n"
        "w.writerow({'a': 1, 'c': 2})\nw.writerows([{'b': 3}])\nx = f.getvalue(), w.fieldnames"
    ),
    "csv: a column too many": (
        "import csv, io\ntry:\n    csv.DictWriter(io.StringIO(), ['a']).writerow({'b': 1})\nexcept ValueError as e:\n    x = str(e)"
    ),
    "string.Formatter": (
        "import string\nx = string.Formatter().format('{0}-{a[k]!r:>5}', 1, a={'k': 'v'}), string.Formatter().vformat('{}', (2,), {})"
    ),
    "textwrap.TextWrapper": (
        "import textwrap\nw = textwrap.TextWrapper(width=12, initial_indent='* ')\nw.subsequent_indent = '  '\n"
        "x = w.fill('one two three four'), w.wrap('a b'), w.width"
    ),
    "re: classes of patterns and matches": (
        "import re\np = re.compile('a', re.NOFLAG)\nx = isinstance(p, re.Pattern), isinstance(p.match('a'), re.Match), isinstance('a', "
        "re.Pattern), isinstance(p, re.Match)"
    ),
    "contextlib: classes of context managers": (
        "import contextlib\nlog = []\nclass A(contextlib.AbstractContextManager):\n    def __exit__(self, *e):\n        log.append('out')\n"
        "class B:\n    def close(self):\n        log.append('closed')\nwith A() as a:\n    log.append(isinstance(a, A))\n"
        "with contextlib.closing(B()) as b:\n    log.append('in')\nx = log"
    ),
    "enum: members and others": (
        "import enum\nclass E(enum.Enum):\n    A = 1\n    B = enum.nonmember(2)\n    @enum.member\n    def C():\n        return 3\n"
        "    @enum.property\n    def twice(self):\n        return self.value * 2\nx = [m.name for m in E], E.B, E.A.twice"
    ),
    "enum: values that are there twice": (
        "import enum\nx = []\nfor check in (enum.unique, enum.verify(enum.UNIQUE)):\n    try:\n        @check\n        class E(enum.Enum):\n"
        "            A = 1\n            B = 1\n    except ValueError as e:\n        x.append(str(e))\n@enum.unique\nclass F(enum.Enum):\n"
        "    A = 1\nx.append(F.A.name)"
    ),
    "dataclasses.make_dataclass": (
        "import dataclasses\nC = dataclasses.make_dataclass('C', [('a', int), 'b', ('c', list, dataclasses.field(default_factory=list))],\n"
        "    namespace={'twice': lambda self: self.a * 2}, frozen=True)\nc = C(1, b='q')\nx = c.a, c.b, c.c, c.twice(), C.__name__, "
        "[f.name for f in dataclasses.fields(C)], c == C(1, 'q')"
    ),
    "typing: the values of a Literal": (
        "import typing\nL = typing.Literal['a', 'b', 'a', 1]\nx = typing.get_args(L), typing.get_origin(L) is typing.Literal"
    ),
    "collections.abc: what objects are by their methods": (
        "from collections.abc import Callable, Container, Iterable, Iterator, Sized, Mapping\nclass A:\n    def __iter__(self):\n"
        "        return iter([])\n    def __len__(self):\n        return 0\n    def __call__(self):\n        pass\n"
        "x = [isinstance(v, k) for v in (A(), 'a', {}, len, iter([])) for k in (Callable, Container, Iterable, Iterator, Sized, Mapping)]"
    ),
    "collections.UserDict: what a class overrides counts": (
        "import collections\nfrom collections.abc import Mapping\nclass D(collections.UserDict):\n    def __setitem__(self, k, v):\n"
        "        self.data[k.lower()] = v\n    def __missing__(self, k):\n        return 'none'\nd = D({'A': 1}, B=2)\nd.update({'C': 3})\n"
        "d.setdefault('d', 4)\nx = (dict(d), d['q'], 'a' in d, len(d), d.pop('a'), list(d.items()), isinstance(d, Mapping),\n"
        "     isinstance(d, dict), repr(d), d == {'b': 2, 'c': 3, 'd': 4}, d.copy().data, {**d}, d.get('b'), sorted(d.keys()))"
    ),
    "collections.UserList": (
        "import collections\nclass L(collections.UserList):\n    def first(self):\n        return self[0]\nl = L([3, 1])\nl.append(2)\nl.sort()\n"
        "l.extend('a')\nx = list(l), l.first(), type(l[1:]).__name__, l + [9] == [1, 2, 3, 'a', 9], len(l), l.pop(), 3 in l, l.index(2)"
    ),
    "inspect: what things are": (
        "import inspect\ndef f(): pass\ndef g():\n    yield 1\nasync def h(): pass\nclass A:\n    def m(self): pass\n"
        "x = [[t(v) for v in (f, g, h, A, A().m, inspect, 1, A())] for t in (inspect.isfunction, inspect.isclass,\n"
        "     inspect.ismodule, inspect.ismethod, inspect.isgeneratorfunction, inspect.iscoroutinefunction)]"
    ),
    "inspect: signatures": (
        "import inspect\ndef f(a, /, b: int, *c, d=4, **e) -> str: pass\ns = inspect.signature(f)\nP = inspect.Parameter\n"
        "class A:\n    def m(self, q): pass\nx = (list(s.parameters), [p.kind == P.POSITIONAL_OR_KEYWORD for p in s.parameters.values()],\n"
        "     s.parameters['d'].default, s.parameters['b'].default is P.empty, s.parameters['b'].annotation is int,\n"
        "     s.return_annotation is str, list(inspect.signature(A().m).parameters), s.parameters['c'].kind.name)"
    ),
    "inspect: the arguments of a function": (
        "import inspect\ndef f(a, b=2, *c, d, e=5, **g): pass\nx = inspect.getfullargspec(f)\nx = x.args, x.varargs, x.varkw, x.defaults, "
        "x.kwonlyargs, x.kwonlydefaults, x.annotations"
    ),
    "inspect: functions of a class": (
        "import inspect\nclass A:\n    def b(self): pass\n    n = 1\nclass B(A):\n    def a(self): pass\n"
        "x = [name for name, _ in inspect.getmembers(B, inspect.isfunction)]"
    ),
    "inspect: names and lines of frames": (
        "import inspect, sys\ndef f():\n    return inspect.currentframe().f_code.co_name, inspect.currentframe().f_lineno, g()\n"
        "def g():\n    return inspect.stack()[0].function, inspect.stack()[1].lineno, inspect.currentframe().f_back.f_lineno, "
        "sys._getframe(1).f_lineno\nx = f()"
    ),
    "eval of a text that is known": "n = 2\nd = {'k': [1, 2]}\nx = eval('1 + n * 3'), eval('d[\"k\"][-1]'), eval('[n, (1, \"a\")]')",
    "eval of what is no expression": "try:\n    eval('1 +')\nexcept SyntaxError as e:\n    x = type(e).__name__",
    "jinja2: a template of its own": (
        "import jinja2\nx = jinja2.Template('Hi {{ name|upper }}{% for n in ns if n > 1 %}, {{ n + 1 }}{% endfor %}').render("
        "name='you', ns=[1, 2, 3])"
    ),
    "jinja2: an environment with settings": (
        "from jinja2 import Environment, StrictUndefined\ne = Environment(trim_blocks=True, undefined=StrictUndefined)\n"
        "x = e.from_string('{% if a %}\\nyes {{ b.c }}\\n{% endif %}').render({'a': True}, b={'c': 1.5})"
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_library_gives_what_python_gives(name, tmp_path):
    expected: dict[str, object] = {"__name__": "main_file"}
    exec(compile(CASES[name], "main_file.py", "exec", dont_inherit=True), expected)  # text of this file alone
    names, _ = evaluate_text(CASES[name], tmp_path)
    assert names["x"] == expected["x"]


UNKNOWN = {
    "a hash that something unknown has gone into": (
        "import hashlib, time\nh = hashlib.md5(b'a')\nh.update(str(time.time()).encode())\nx = h.hexdigest()"
    ),
    "a row with something unknown": (
        "import csv, io, time\nf = io.StringIO()\ncsv.writer(f).writerow([time.time()])\nx = f.getvalue()"
    ),
    "what is printed into a file": (
        "import contextlib, io\nf = io.StringIO()\nwith contextlib.redirect_stdout(f):\n    print('a')\nx = f.getvalue()"
    ),
    "a formatter of the file's own": (
        "import string\nclass F(string.Formatter):\n    def get_value(self, key, args, kwargs):\n        return 'mine'\nx = F().format('{a}')"
    ),
    "a caller of a decorated function": (
        "import functools, inspect\ndef d(f):\n    @functools.wraps(f)\n    def run():\n        return f()\n    return run\n@d\ndef g():\n"
        "    return inspect.stack()[1].lineno\nx = g()"
    ),
    "the source of what is executed": "import inspect\nns = {}\nexec('def f(): pass', ns)\nx = inspect.getsource(ns['f'])",
    "the source of a class of two": "import inspect\nclass A: pass\nclass A:\n    n = 1\nx = inspect.getsource(A)",
    "the time zones of a machine": "import zoneinfo\nx = zoneinfo.available_timezones()",
    "a template that calls a function": "import jinja2\nx = jinja2.Template('{{ f() }}').render(f=lambda: 1)",
    "a template that fails": "import jinja2\nx = jinja2.Template('{{ 1 / 0 }}').render()",
    "a template that grows": "import jinja2\nx = jinja2.Template('{% set a = a ~ a %}{{ a|center(10 ** 9) }}').render(a='q')",
    "a template that tells an address": "import jinja2\nx = jinja2.Template('{{ a.upper }}').render(a='q')",
    "a filter that is put into an environment": (
        "import jinja2\ne = jinja2.Environment()\ne.filters['f'] = str.upper\nx = e.from_string('{{ 1 }}').render()"
    ),
    "eval of a call": "x = eval('f()')",
    "JSON by a class of the file's own": (
        "import json\nclass E(json.JSONEncoder):\n    def default(self, o):\n        return 1\nx = json.dumps({1: 2}, cls=E)"
    ),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_cannot_be_known_is_unknown(name, tmp_path):
    names, _ = evaluate_text(UNKNOWN[name], tmp_path)
    assert isinstance(names["x"], Unknown)


def test_the_file_that_asks_and_the_file_that_calls(tmp_path):
    (tmp_path / "helper.py").write_text(
        "import inspect, os\ndef mine():\n    return inspect.getfile(inspect.currentframe())\n"
        "def name():\n    return os.path.splitext(os.path.basename(inspect.stack()[1].filename))[0]\n"
    )
    source = (
        "import inspect, helper\nx = (inspect.getfile(inspect.currentframe()), inspect.stack()[0].filename, helper.mine(),\n"
        "     helper.name(), inspect.getfile(helper.name), inspect.getmodule(helper.name) is helper,\n"
        "     inspect.stack()[0][1] == __file__)"
    )
    names, _ = evaluate_text(source, tmp_path)
    assert names["x"] == (
        "/dags/main_file.py", "/dags/main_file.py", "/dags/helper.py", "main_file", "/dags/helper.py", True, True
    )  # fmt: skip


def test_the_source_of_what_a_file_defines(tmp_path, monkeypatch):
    source = (
        "import inspect, functools\n\x0c\n'a\u2028b'\ndef d(f):\n    @functools.wraps(f)\n    def run():\n        return f()\n    return run\n\n@d\n"
        "def g():  # one\n    'Doc.'\n\n    return 1\n# after\n\nclass A:\n    n = 1\n    @property\n    def m(self):\n        return (\n            2)\n\n"
        "    @classmethod\n    def c(cls): pass\n\nf = lambda: 5\nx = [inspect.getsource(v) for v in (d, g, A, f, A.m.fget, A.c)], inspect.getsourcelines(g)"
    )
    (tmp_path / "source_of_mine.py").write_text(source)
    monkeypatch.syspath_prepend(str(tmp_path))
    expected = importlib.import_module("source_of_mine")
    names, _ = evaluate_text(source, tmp_path)
    assert names["x"] == expected.x


def test_folders_are_scanned(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.txt").write_text("hello")
    (tmp_path / "sub" / "inner").mkdir()
    source = (
        "import glob, os\nwith os.scandir(os.path.join(os.path.dirname(__file__), 'sub')) as found:\n"
        "    x = [(e.name, e.path, e.is_dir(), e.is_file(), os.path.basename(e)) for e in found]\n"
        "t = [open(e).read() for e in os.scandir('/dags/sub') if e.is_file()]\n"
        "y = os.curdir, os.pardir, os.extsep, os.pathsep, os.path.splitdrive('/a'), os.path.lexists('/dags/sub'),\\\n"
        "    os.access('/dags/sub', os.R_OK), os.path.samefile('/dags/sub', '/dags/./sub'), glob.escape('a[b')\n"
        "z = os.stat('/dags/sub/a.txt').st_size\n"
    )
    names, session = evaluate_text(source, tmp_path)
    assert names["x"] == [
        ("a.txt", "/dags/sub/a.txt", False, True, "a.txt"),
        ("inner", "/dags/sub/inner", True, False, "inner"),
    ]
    assert names["t"] == ["hello"]
    assert names["y"] == (".", "..", ".", ":", ("", "/a"), True, True, True, "a[[]b")
    assert isinstance(names["z"], Unknown)
    assert session.listings["sub"] == ("a.txt", "inner")


def test_templates_of_the_folder(tmp_path):
    (tmp_path / "sql").mkdir()
    (tmp_path / "sql" / "base.sql").write_text("-- {% block b %}{% endblock %}")
    (tmp_path / "sql" / "q.sql").write_text("{% extends 'base.sql' %}{% block b %}{% include 'c.sql' %}{% endblock %}")
    (tmp_path / "sql" / "c.sql").write_text("SELECT {{ cols|map('lower')|list }}")
    source = (
        "from jinja2 import Environment, FileSystemLoader\ne = Environment(loader=FileSystemLoader('/dags/sql'))\n"
        "x = e.get_template('q.sql').render(cols=['A'])\ny = e.get_template('none.sql')\n"
    )
    names, session = evaluate_text(source, tmp_path)
    assert names["x"] == "-- SELECT ['a']"
    assert isinstance(names["y"], Unknown)
    assert {"sql/base.sql", "sql/q.sql", "sql/c.sql"} <= session.closure.keys()
