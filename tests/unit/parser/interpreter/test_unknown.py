"""What cannot be known is named, spreads, and never decides anything (decision 2 of the architecture)."""

from __future__ import annotations

import pytest

from goflow.domain.spec import Inputs
from goflow.parser.interpreter.session import BudgetError
from goflow.parser.interpreter.values import Raised, Unknown, first_unknown
from tests.unit.parser.interpreter.evaluating import evaluate_text

START = "import random\nu = random.random()\n"


def run(source, tmp_path, **inputs):
    return evaluate_text(START + source, tmp_path, Inputs(**inputs))[0]


@pytest.mark.parametrize(
    "expression",
    ["u + 1", "1 - u", "u.attribute", "u[0]", "u('x')", "f'a{u}'", "str(u)", "not u", "u and 1", "u == u", "len(u)",
     "'%s' % u", "'{}'.format(u)", "','.join(['a', u])", "[u][0]", "max(1, u)", "u in [1]", "1 in u", "-u", "u < 2",
     "{'k': u}['k']", "sorted([2, u])", "[i for i in u]", "int(u)", "u if u else 0", "(lambda a: a)(u)", "list(enumerate('ab', u))",
     "__import__('itertools').islice([1], u)", "__import__('itertools').repeat(1, u)",
     "__import__('itertools').permutations('ab', u)", "__import__('itertools').permutations({'a', 'b'})", "__import__('itertools').product('ab', repeat=u)",
     "__import__('datetime').datetime.now().isoformat(timespec='seconds')"],
)  # fmt: skip
def test_it_spreads_through(expression, tmp_path):
    assert isinstance(run(f"x = {expression}", tmp_path)["x"], Unknown)


@pytest.mark.parametrize(
    "expression",
    ["list({'a', 'b'})", "','.join({'a', 'b'})", "str({'a', 'b'})", "next(iter({'a', 'b'}))", "[i for i in {'a', 'b'}][0]",
     "tuple(map(str.upper, {'a', 'b'}))", "{'a', 'b'}.pop()", "dict(zip({'a', 'b'}, [1, 2]))", "hash('a')",
     "list(dict.fromkeys({'a', 'b'}))[0] if False else list({'a', 'b'})[0]", "'%s' % {'a', 'b'}", "f\"{ {'a', 'b'} }\""],
)  # fmt: skip
def test_the_order_of_a_set_of_texts_is_not_known(expression, tmp_path):
    found = run(f"x = {expression}", tmp_path)["x"]
    assert first_unknown(found) is not None


def test_what_does_not_ask_for_the_order_of_a_set_is_known(tmp_path):
    source = "s = {'a', 'b'}\nx = sorted(list(s)), len(list(s)), 'a' in list(s), list({3, 1}), sum(len(i) for i in s), set(list(s)) == s"
    assert run(source, tmp_path)["x"] == (["a", "b"], 2, True, [1, 3], 2, True)


def test_containers_stay_known_around_it(tmp_path):
    found = run("x = [1, u, 3]\ny = {'a': 1, 'b': u}\nz = x[0], y['a'], len(x), list(y)", tmp_path)
    assert found["z"] == (1, 1, 3, ["a", "b"])


BRANCHES = {
    "a name set alike in both arms stays known": ("if u:\n    x = 1\nelse:\n    x = 1\n", 1),
    "a name set differently is not known": ("x = 0\nif u:\n    x = 1\n", Unknown),
    "a name that only one arm sets is not known": ("if u:\n    x = 1\n", Unknown),
    "what no arm touches stays": ("x = 5\nif u:\n    y = 1\n", 5),
    "an arm's change to a list is joined": ("x = [1]\nif u:\n    x.append(2)\n", [1, Unknown]),
    "an arm's change to a dict is joined key by key": (
        "d = {'a': 1, 'b': 2}\nif u:\n    d['b'] = 3\nx = d['a']\n",
        1,
    ),
    "an arm that raises is passed over": ("if u:\n    raise ValueError\nx = 1\n", 1),
    "a return in one arm makes the result unknown": ("def f():\n    if u:\n        return 1\n    return 2\nx = f()\n", Unknown),
    "returns that agree stay known": ("def f():\n    if u:\n        return 1\n    return 1\nx = f()\n", 1),
    "a conditional expression that agrees stays known": ("x = 'a' if u else 'a'\n", "a"),
    "a loop over it leaves what it assigns unknown": ("x = 0\nfor i in u:\n    x = i\n", Unknown),
    "elif after it is tried as well": ("if u:\n    x = 1\nelif True:\n    x = 1\nelse:\n    x = 2\n", 1),
    "attributes of objects are joined": (
        "class O:\n    pass\no = O()\no.a = 1\nif u:\n    o.a = 2\nx = o.a\n",
        Unknown,
    ),
    "nested arms are undone and joined": ("x = [0]\nif u:\n    if u:\n        x[0] = 1\n    x[0] = 2\nelse:\n    x[0] = 2\n", [2]),
}  # fmt: skip


@pytest.mark.parametrize(("source", "expected"), BRANCHES.values(), ids=BRANCHES.keys())
def test_both_arms_are_run_and_joined(source, expected, tmp_path):
    found = run(source, tmp_path)["x"]
    if expected is Unknown:
        assert isinstance(found, Unknown)
    elif isinstance(expected, list):
        assert [Unknown if isinstance(value, Unknown) else value for value in found] == expected
    else:
        assert found == expected


@pytest.mark.parametrize(
    "asked",
    [
        "hasattr(P(), 'm')",
        "callable(P())",
        "bool(P())",
        "P() == 3",
        "len(P())",
        "P()()",
        "P().m()",
        "str(P())",
        "P().n",
    ],
)
def test_what_a_class_has_that_one_arm_alone_gives_it(asked, tmp_path):
    methods = "m(s): return 1", "__call__(s): return 1", "__bool__(s): return False", "__eq__(s, o): return True"
    methods += "__len__(s): return 1", "__str__(s): return 'x'", "__getattr__(s, n): return n"
    body = "".join(f"    if u > 1:\n        def {text}\n" for text in methods)
    assert isinstance(run(f"class P:\n{body}x = {asked}", tmp_path)["x"], Unknown)


def test_it_says_why_and_where(tmp_path):
    found = run("\nx = u + 1", tmp_path)["x"]
    assert "random" in found.reason
    assert (found.at.span.path, found.at.line) == ("main_file.py", 2)


def test_the_environment_is_what_is_given_and_recorded(tmp_path):
    source = "import os\nx = os.environ.get('A'), os.getenv('B', 'd'), 'C' in os.environ\n"
    names, session = evaluate_text(source, tmp_path, Inputs(environment={"A": "1"}))
    assert names["x"] == ("1", "d", False)
    assert session.environment_used == {"A": "1", "B": None, "C": None}
    with pytest.raises(Raised, match="KeyError"):
        evaluate_text("import os\nos.environ['NO']", tmp_path)


@pytest.mark.parametrize(
    "value",
    ["os.environ['AIRFLOW_HOME']", "os.getenv('AIRFLOW_HOME', '/usr/local/airflow')", "Path('~/x').expanduser()"],
)
def test_what_only_the_container_knows(value, tmp_path):
    names, _ = evaluate_text(f"import os\nfrom pathlib import Path\nx = {value}\n", tmp_path)
    assert "the task's container" in names["x"].reason


@pytest.mark.parametrize(
    "value", ["os.path.abspath('x')", "Path('x').resolve()", "Path('x').absolute().parent", "os.getcwd()"]
)
def test_where_a_process_stands_is_not_known(value, tmp_path):
    names, _ = evaluate_text(f"import os\nfrom pathlib import Path\nx = {value}\n", tmp_path)
    assert names["x"].reason == "the working folder"


def test_the_modules_of_a_package_are_found_by_its_path(tmp_path):
    (tmp_path / "jobs" / "deep").mkdir(parents=True)
    for name in ("jobs/__init__.py", "jobs/b.py", "jobs/a.py", "jobs/deep/__init__.py", "jobs/deep/c.py", "jobs/d.txt"):
        (tmp_path / name).touch()
    source = (
        "import pkgutil, jobs\nx = [(found.name, found.ispkg) for found in pkgutil.iter_modules(jobs.__path__)]\n"
        "y = [name for _, name, _ in pkgutil.walk_packages(jobs.__path__, 'jobs.')]\n"
    )
    names, session = evaluate_text(source, tmp_path)
    assert names["x"] == [("a", False), ("b", False), ("deep", True)]
    assert names["y"] == ["jobs.a", "jobs.b", "jobs.deep", "jobs.deep.c"]
    assert session.listings["jobs"] == ("__init__.py", "a.py", "b.py", "d.txt", "deep")


def test_a_class_that_derives_by_name_from_what_is_unknown(tmp_path):
    assert isinstance(run("\nx = type('B', (u,), {})", tmp_path)["x"], Unknown)


LIMITS = {
    "an endless loop": "while True:\n    pass\n",
    "a list that grows for ever": "x = []\nwhile True:\n    x.append(1)\n",
    "a text of a gigabyte": "x = 'a' * 10**9\n",
    "a number of a billion digits": "x = 10 ** 10**9\n",
    "a padded text": "x = 'a'.ljust(10**9)\n",
    "a format of great width": "x = f'{1:1000000000d}'\n",
    "an old format of great width": "x = '%1000000000d' % 1\n",
    "a range made a list": "x = list(range(10**9))\n",
    "a generator without end": "def g():\n    while True:\n        yield 1\nx = list(g())\n",
    "a product that explodes": "import itertools\nx = list(itertools.product(range(1000), repeat=5))\n",
}


@pytest.mark.parametrize("source", LIMITS.values(), ids=LIMITS.keys())
def test_the_budget_ends(source, tmp_path):
    with pytest.raises(BudgetError):
        evaluate_text(source, tmp_path)


def test_recursion_is_the_files_own_error(tmp_path):
    with pytest.raises(Raised, match="RecursionError"):
        evaluate_text("def f(n):\n    return f(n + 1)\nf(0)\n", tmp_path)


def test_local_modules_are_run_and_recorded(tmp_path):
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg" / "__init__.py").write_text("from .inner import *\n")
    (tmp_path / "pkg" / "inner.py").write_text("__all__ = ['a']\na = 1\nb = 2\n")
    names, session = evaluate_text("import pkg.inner as i\nfrom pkg import a\nx = a, i.b\n", tmp_path)
    assert names["x"] == (1, 2)
    assert session.closure["pkg/inner.py"] is not None
    assert session.closure["pkg/__init__.py"] is not None


def test_files_of_the_folder_are_read_and_recorded(tmp_path):
    (tmp_path / "conf.yaml").write_text("a: [1, 2]\n")
    source = (
        "import os, yaml\nfrom pathlib import Path\nhere = os.path.dirname(os.path.abspath(__file__))\n"
        "with open(os.path.join(here, 'conf.yaml')) as f:\n    x = yaml.safe_load(f)\n"
        "y = Path(__file__).parent.joinpath('conf.yaml').read_text(), sorted(os.listdir(here))\n"
    )
    names, session = evaluate_text(source, tmp_path)
    assert names["x"] == {"a": [1, 2]}
    assert names["y"] == ("a: [1, 2]\n", ["conf.yaml"])
    assert session.closure["conf.yaml"] is not None
    assert session.listings == {".": ("conf.yaml",)}


def test_a_file_in_memory_that_something_unknown_is_written_to(tmp_path):
    found = run("import io\nb = io.StringIO()\nb.write('a')\nb.write(u)\nb.write('b')\nx = b.getvalue()\n", tmp_path)
    assert isinstance(found["x"], Unknown)


def test_the_ends_of_lines_are_as_the_file_wants_them(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"a\r\nb\r\n")
    source = (
        "p = '/dags/a.txt'\nx = open(p).read(), open(p, newline='').read(), open(p, 'r', -1, 'latin-1').readlines()\n"
    )
    assert run(source, tmp_path)["x"] == ("a\nb\n", "a\r\nb\r\n", ["a\n", "b\n"])


def test_the_value_that_a_new_of_an_enum_gives(tmp_path):
    source = "import enum\nclass C(str, enum.Enum):\n    A = 'a'\n    def __new__(cls, v):\n        m = str.__new__(cls, v)\n        m._value_ = v + '!'\n        return m\nx = C.A.value, C.A.name\n"
    value, name = run(source, tmp_path)["x"]
    assert isinstance(value, Unknown)
    assert name == "A"


HIDDEN = {
    "how many a mapping has that an unknown one was put into": "d = {'a': 1}\nd.update(u)\nx = len(d)",
    "what it has beside its own keys": "d = {'a': 1}\nd.update(u)\nx = 'b' in d",
    "whether its keys are those": "d = {'a': 1}\nd.update(u)\nx = d.keys() == {'a'}",
    "which case it fits": "d = {'a': 1}\nd.update(u)\nmatch d:\n    case {'b': v}:\n        x = v\n    case _:\n        x = 0",
    "what is left of a set without what is not known": "s = {'a'}\ns.difference_update(u)\nx = 'a' in s",
    "what two sets share": "s = {'a'}\ns.add(u)\nx = s & {'a', 'b'}",
    "whether a set is another": "s = {'a'}\ns.add(u)\nx = s == {'a', 'b'}",
    "what is left when some text has been taken out of a set": "s = {'a', 'b', 'c'}\ns.pop()\nx = 'a' in s",
    "what is left when some text has been taken out of a list": "s = list({'a', 'b'})\ns.pop()\nx = 'a' in s",
    "the order of things whose order is not known": (
        "class K:\n    def __init__(self, n): self.n = n\n    def __lt__(self, other): return u\nx = sorted([K(1), K(2)])[0]"
    ),
    "the order in a list of them": (
        "class K:\n    def __init__(self, n): self.n = n\n    def __lt__(self, other): return u\ny = [K(1), K(2)]\ny.sort()\nx = y[0]"
    ),
    "how often something is counted": "import collections\nc = collections.Counter('ab')\nc.update(u)\nx = c['a']",
    "what is in a file in memory": "import io\nb = io.StringIO()\nif u:\n    b.write('x')\nx = b.getvalue()",
    "whether a generator has something": "x = 2 in (i for i in [1, 2] if u == i)",
}


@pytest.mark.parametrize("source", HIDDEN.values(), ids=HIDDEN.keys())
def test_what_an_unknown_part_leaves_open(source, tmp_path):
    assert isinstance(run(source, tmp_path)["x"], Unknown)


def test_a_list_in_any_order_that_one_is_taken_out_of_is_shorter(tmp_path):
    assert run("s = list({'a', 'b', 'c'})\ns.pop()\nx = len(s), len(sorted({'a', 'b'}))", tmp_path)["x"] == (2, 2)


CHANGED_SOMEWHERE = {
    "what is removed by an unknown value": ("x = [1, 2]\nx.remove(u)\ny = len(x)\n", "[U, U][:1]", 1),
    "what comes after an unknown element is removed": ("x = [0, u, 2, 3]\nx.remove(2)\ny = len(x)\n", "[0, U, U]", 3),
    "an element at an unknown index is set": ("x = [1, 2]\nx[u] = 3\ny = len(x)\n", "[U, U]", 2),
    "an element at an unknown index is deleted": ("x = [1, 2]\ndel x[u]\ny = len(x)\n", "[U]", 1),
    "an element at an unknown index is taken": ("x = [1, 2]\nx.pop(u)\ny = len(x)\n", "[U]", 1),
    "something is put in at an unknown index": ("x = [1, 2]\nx.insert(u, 3)\ny = len(x)\n", "[U, U, U]", 3),
    "a slice with an unknown end is set": ("x = [1, 2]\nx[:u] = [3]\ny = len(x)\n", "[U]", "U"),
    "an unknown key is set": ("d = {'a': 1}\nd[u] = 2\nx = [d['a'], d.get('b')]\ny = 'a' in d, 'b' in d\n", "[U, U]", "(True, U)"),
    "an unknown key is set to what is there": ("d = {'a': 1}\nd[u] = 1\nx = [d['a']]\ny = 0\n", "[1]", 0),
    "an unknown key is deleted": ("d = {'a': 1}\ndel d[u]\nx = [d['a'], 'a' in d]\ny = len(d)\n", "[U, U]", "U"),
    "an unknown key is taken": ("d = {'a': 1}\nd.pop(u)\nx = [d.get('a'), bool(d), list(d)]\ny = len(d)\n", "[U, U, U]", "U"),
    "an unknown key has a default": ("d = {'a': 1}\nd.setdefault(u, 2)\nx = [d['a'], 'b' in d]\ny = len(d)\n", "[1, U]", "U"),
    "an unknown mapping is taken in": ("d = {'a': 1}\nd.update(u)\nx = [d['a']]\ny = len(d)\n", "[U]", "U"),
    "a key may have come with an unknown mapping": ("d = {}\nd.update(u)\nx = [d.pop('a', 1), d.setdefault('b', 2)]\ny = bool(d)\n", "[U, U]", "True"),
    "a key may be gone already": ("d = {u: 1}\ndel d['a']\nx = []\ny = 0\n", "[]", 0),
    "an unknown member is discarded": ("s = {1, 2}\ns.discard(u)\nx = [1 in s, bool(s)]\ny = len(s)\n", "[U, U]", "U"),
    "a list is longer by a set": ("x = [0]\nx.extend({'a', 'b'})\ny = len(x)\n", "[0, U, U]", 3),
    "a list is longer by a set that is added": ("x = [0]\nx += {'a', 'b'}\ny = len(x)\n", "[0, U, U]", 3),
    "a set stands in place of a slice": ("x = [0, 1]\nx[1:] = {'a', 'b'}\ny = len(x)\n", "[0, U, U]", 3),
    "the order of unknown keys": ("x = sorted(['a', 'b'], key=lambda i: u)\ny = 0\n", "U", 0),
    "a key that one arm deletes may be gone": ("d = {'a': 1}\nif u:\n    del d['a']\nx = ['a' in d, len(d)]\ny = 0\n", "[U, U]", 0),
    "a cache that one arm has filled": (
        "import functools\nn = []\n@functools.cache\ndef f(a):\n    n.append(a)\n    return len(n)\nif u:\n    f(1)\nf(2)\nx = [f(2)]\ny = 0\n",
        "[U]", 0,
    ),
    "an iterator that one arm has drawn from": ("i = iter([1, 2, 3])\nif u:\n    next(i)\nx = [next(i, 0)]\ny = 0\n", "[U]", 0),
    "a generator that one arm has drawn from": (
        "def g():\n    yield 1\n    yield 2\ni = g()\nif u:\n    next(i)\nx = [next(i, 0)]\ny = 0\n", "[U]", 0,
    ),
    "a map that one arm has drawn from": ("i = iter([1, 2, 3])\nj = map(str, i)\nif u:\n    next(j)\nx = [next(i, 0)]\ny = 0\n", "[U]", 0),
    "an arm that has nested arms is undone": ("x = [0]\nif u:\n    if u:\n        x[0] = 1\nelse:\n    y = x[0]\n    x[0] = 1\nx = [y]\ny = 0\n", "[U]", 0),
}  # fmt: skip


def shown(value):
    if isinstance(value, Unknown):
        return "U"
    if isinstance(value, list | tuple):
        inner = ", ".join(map(shown, value))
        return f"[{inner}]" if isinstance(value, list) else f"({inner})"
    return repr(value)


@pytest.mark.parametrize(("source", "left", "asked"), CHANGED_SOMEWHERE.values(), ids=CHANGED_SOMEWHERE.keys())
def test_what_may_have_been_changed_is_not_known(source, left, asked, tmp_path):
    found = run(source, tmp_path)
    assert (shown(found["x"]), shown(found["y"])) == (left.replace("[U, U][:1]", "[U]"), str(asked))


def test_an_arm_in_an_arm_is_undone_before_the_other_arm_runs(tmp_path):
    source = "x = [0]\ny = []\nif u:\n    if u:\n        x[0] = 1\nelse:\n    y.append(x[0])\n"
    found = run(source, tmp_path)
    assert shown(found["x"]) == "[U]"
    source = "x = [0]\nif u:\n    if u:\n        x[0] = 1\n    x = [5]\nelse:\n    x = [x[0] + 5]\n"
    assert shown(run(source, tmp_path)["x"]) == "[5]"


def test_a_model_that_asks_what_is_not_known_gives_what_is_not_known(tmp_path):
    from goflow.parser.interpreter.values import NativeFunction

    def asks(at, value):
        return 1 if value else 2

    names, _ = evaluate_text(f"{START}f = lambda f: f(u)\n", tmp_path)
    at = names["u"].at
    assert names["f"].call([NativeFunction("asks", asks, takes_unknown=True)], {}, at) is names["u"]


MAY_RAISE = {
    "the handler's value": ("x = 1\ntry:\n    if u:\n        raise ValueError\nexcept ValueError:\n    x = 2\n", "U"),
    "what the body does after it": ("x = 1\ntry:\n    if u:\n        raise ValueError\n    x = 2\nexcept ValueError:\n    pass\n", "U"),
    "what both ways agree on": ("try:\n    if u:\n        raise ValueError\n    x = 2\nexcept ValueError:\n    x = 2\n", "2"),
    "what was there before": ("x = 1\ntry:\n    x = 2\n    if u:\n        raise ValueError\nexcept ValueError:\n    pass\n", "2"),
    "what the arm does before it raises": ("x = 1\ntry:\n    if u:\n        x = 2\n        raise ValueError\nexcept ValueError:\n    pass\n", "U"),
    "a list that the body goes on to fill": (
        "x = []\ntry:\n    x.append(1)\n    if u:\n        raise ValueError\n    x.append(2)\nexcept ValueError:\n    x.append(3)\n",
        "[1, U]",
    ),
    "an else clause": ("x = 1\ntry:\n    if u:\n        raise ValueError\nexcept ValueError:\n    pass\nelse:\n    x = 2\n", "U"),
    "a finally clause comes after both": (
        "x = 1\ntry:\n    if u:\n        raise ValueError\nexcept ValueError:\n    x = 2\nfinally:\n    x = 3\n", "3",
    ),
    "the next try that catches it": (
        "x = 1\ntry:\n    try:\n        if u:\n            raise ValueError\n    except KeyError:\n        x = 5\n    x = 2\nexcept ValueError:\n    pass\n",
        "U",
    ),
    "a try that does not": ("x = 1\ntry:\n    if u:\n        raise ValueError\n    x = 2\nexcept KeyError:\n    x = 3\n", "2"),
    "a function that may raise": (
        "def f():\n    if u:\n        raise ValueError\nx = 1\ntry:\n    f()\n    x = 2\nexcept ValueError:\n    pass\n", "U",
    ),
    "a function that returns from its handler": (
        "def f():\n    try:\n        if u:\n            raise ValueError\n        return 1\n    except ValueError:\n        return 2\nx = f()\n", "U",
    ),
    "a conditional expression that may raise": (
        "def f():\n    raise ValueError\nx = 1\ntry:\n    f() if u else 0\n    x = 2\nexcept ValueError:\n    pass\n", "U",
    ),
    "arms that both raise": (
        "try:\n    if u:\n        raise ValueError\n    else:\n        raise KeyError\nexcept ValueError:\n    x = 1\nexcept KeyError:\n    x = 2\n", "U",
    ),
    "an arm in an arm": (
        "x = 1\ny = 0\ntry:\n    if u:\n        y = 1\n        if u:\n            raise ValueError\n        y = 2\n    x = 2\nexcept ValueError:\n    x = y\n",
        "U",
    ),
    "suppress": ("import contextlib\nx = 1\nwith contextlib.suppress(ValueError):\n    if u:\n        raise ValueError\n    x = 2\n", "U"),
    "suppress of something else": ("import contextlib\nx = 1\nwith contextlib.suppress(KeyError):\n    if u:\n        raise ValueError\n    x = 2\n", "2"),
    "a context manager of the file": (
        "class C:\n    def __enter__(self):\n        pass\n    def __exit__(self, *a):\n        return True\nx = 1\nwith C():\n    if u:\n        raise ValueError\n    x = 2\n",
        "U",
    ),
    "a generator that may give less": (
        "def g():\n    try:\n        if u:\n            raise ValueError\n        yield 1\n    except ValueError:\n        pass\nx = list(g())\n", "U",
    ),
    "a generator in which it is over before": (
        "def g():\n    a = 1\n    try:\n        if u:\n            raise ValueError\n    except ValueError:\n        a = 2\n    yield a\n    yield 3\nx = list(g())\n",
        "[U, 3]",
    ),
    "what is raised last": (
        "x = 1\ntry:\n    if u:\n        raise KeyError\n    raise ValueError\nexcept KeyError:\n    x = 2\nexcept ValueError:\n    x = 3\n", "U",
    ),
    "a loop that is left": (
        "x = []\nfor i in [1, 2]:\n    try:\n        if u:\n            raise ValueError\n        x.append(i)\n    except ValueError:\n        x.append(0)\n",
        "[U, U]",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("source", "left"), MAY_RAISE.values(), ids=MAY_RAISE.keys())
def test_a_try_in_which_something_undecided_may_raise(source, left, tmp_path):
    assert shown(run(source, tmp_path)["x"]) == left


ANY_ORDER = {
    "the element that came last": ("for i in {'a', 'b'}:\n    x = i\n", "U"),
    "what all rounds agree on": ("for i in {'a', 'b'}:\n    x = 1\n", "1"),
    "a sum of whole numbers": ("x = 0\nfor i in {'a', 'bc'}:\n    x += len(i)\n", "3"),
    "a sum that is looked at": ("x = 0\ny = {}\nfor i in {'a', 'bc'}:\n    x += 1\n    y[i] = x\nx = y['a']\n", "U"),
    "the text that rounds put together": ("x = ''\nfor i in {'a', 'b'}:\n    x += i\n", "U"),
    "a list, which may be sorted": ("x = []\nfor i in {'a', 'b'}:\n    x.append(i)\nx = sorted(x)\n", "['a', 'b']"),
    "an element of such a list": ("x = []\nfor i in {'a', 'b'}:\n    x.append(i)\nx = x[0]\n", "U"),
    "how many there are in such a list": ("x = []\nfor i in {'a', 'b'}:\n    x.append(i)\nx = len(x), 'a' in x, len(x + [1])\n", "(2, True, 3)"),
    "such a list as a text": ("x = []\nfor i in {'a', 'b'}:\n    x.append(i)\nx = str(x)\n", "U"),
    "such a list, sorted in place": ("x = []\nfor i in {'a', 'b'}:\n    x.append(i)\nx.sort()\nx = x[0]\n", "'a'"),
    "a loop over such a list": ("y = []\nfor i in {'a', 'b'}:\n    y.append(i)\nfor x in y:\n    pass\n", "U"),
    "a value by its key": ("x = {}\nfor i in {'a', 'b'}:\n    x[i] = i * 2\nx = x['a']\n", "'aa'"),
    "a key that more than one round sets": ("x = {}\nfor i in {'a', 'b'}:\n    x['k'] = i\nx = x['k']\n", "U"),
    "what the round before has left": ("x = {}\nlast = None\nfor i in {'a', 'b'}:\n    x[i] = last\n    last = i\nx = x['b']\n", "U"),
    "what one round alone sets": ("x = 0\nfor i in {'a', 'b'}:\n    if i == 'a':\n        x = i\n", "'a'"),
    "a loop that is left": ("x = 0\nfor i in {'a', 'b'}:\n    x = i\n    break\n", "U"),
    "a loop that any of them leaves the same way": ("x = 0\nfor i in {'a', 'b'}:\n    x = 1\n    break\n", "1"),
    "a loop that one of them leaves": ("for i in {'a', 'b'}:\n    if i == 'b':\n        x = i\n        break\n", "'b'"),
    "a function that returns from it": ("def f():\n    for i in {'a', 'b'}:\n        return i\nx = f()\n", "U"),
    "an attribute that each round sets": ("class C:\n    pass\nc = C()\nfor i in {'a', 'b'}:\n    c.i = i\nx = c.i\n", "U"),
    "a text that some rounds put together": (
        "x = ''\nfor i in {'a', 'b', 'c'}:\n    if i == 'a':\n        x = 'const'\n    else:\n        x = f'{x}{i}'\n", "U",
    ),
    "what no round sets": ("x = 0\nfor i in {'a', 'b'}:\n    if i == 'q':\n        x = 1\n", "0"),
    "numbers have one order": ("for i in {1, 2}:\n    x = i\n", "2"),
}  # fmt: skip


@pytest.mark.parametrize(("source", "left"), ANY_ORDER.values(), ids=ANY_ORDER.keys())
def test_a_loop_over_a_set_of_texts(source, left, tmp_path):
    assert shown(run(source, tmp_path)["x"]) == left


FILLED = "d = {}\nfor t in {'a', 'b'}:\n    d[t] = t\n"


@pytest.mark.parametrize(
    "expression",
    ["list(d)", "[k for k in d][0]", "next(iter(d))", "list(d.items())[0]", "[*d.values()][1]", "d.popitem()", "str(d)",
     "list(dict(d))", "list(d.copy())", "list({**d})", "list({k: 1 for k in d})", "list({k: 1 for k in {'a', 'b'}})",
     "__import__('json').dumps(d)", "','.join(d)", "[*{'a', 'b'}][0]", "(*{'a', 'b'}, 1)[0]"],
)  # fmt: skip
def test_the_order_of_a_dict_that_a_loop_over_a_set_of_texts_has_filled_is_not_known(expression, tmp_path):
    assert first_unknown(run(f"{FILLED}x = {expression}", tmp_path)["x"]) is not None


def test_what_does_not_ask_for_the_order_of_such_a_dict_is_known(tmp_path):
    source = f"{FILLED}x = d['a'], len(d), sorted(d), sorted(d.items()), 'b' in d, __import__('json').dumps(d, sort_keys=True), {{*d}} == {{'a', 'b'}}, d == {{'b': 'b', 'a': 'a'}}"
    expected = ("a", 2, ["a", "b"], [("a", "a"), ("b", "b")], True, '{"a": "a", "b": "b"}', True, True)
    assert run(source, tmp_path)["x"] == expected
