"""Files that mean harm, or were made by somebody who has gone wrong: each by its name, made when it is asked for.

python -m tests.fuzz.hostile [NAME ...]
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

DEEP = 10_000
BIG = "10 ** 9"


def _repeat(*parts: str) -> str:
    return "".join(parts)


LOOPS = {
    "a loop without end": "while True:\n    pass\n",
    "a loop without end in a function": "def f():\n    while 1:\n        x = 1\nf()\n",
    "a generator without end": "def g():\n    while True:\n        yield 1\nx = sum(g())\n",
    "an iterator without end": "class I:\n    def __iter__(self): return self\n    def __next__(self): return 1\nx = list(I())\n",
    "counting without end": "import itertools\nfor i in itertools.count():\n    pass\n",
    "a native loop that never gives anything": "import itertools\nx = list(itertools.compress(itertools.count(), itertools.repeat(0)))\n",
    "skipping without end": "import itertools\nx = next(itertools.islice(itertools.count(), 10 ** 15, None))\n",
    "repeating for ever": "import itertools\nx = list(itertools.repeat(1))\n",
    "a cycle for ever": "import itertools\nx = list(itertools.cycle([1, 2]))\n",
    "looking for what is not there": "import itertools\nx = -1 in itertools.count()\n",
    "calling itself": "def f(): return f()\nf()\n",
    "calling each other": "def f(): return g()\ndef g(): return f()\nf()\n",
    "a property that asks itself": "class A:\n    @property\n    def p(self): return self.p\nA().p\n",
    "__getattr__ that asks itself": "class A:\n    def __getattr__(self, n): return getattr(self, n + 'x')\nA().a\n",
    "__str__ that asks itself": "class A:\n    def __str__(self): return str(self)\nx = str(A())\n",
    "__eq__ that asks itself": "class A:\n    def __eq__(self, o): return self == o\nx = A() == A()\n",
    "__hash__ that asks itself": "class A:\n    def __hash__(self): return hash(self)\nx = {A(): 1}\n",
    "a generator in itself": "def g():\n    yield from g()\nlist(g())\n",
    "generators by the thousand": "def g():\n    yield 1\n    yield 2\nx = [g() for _ in range(5000)]\ny = [next(i) for i in x]\n",
    "a list in itself, shown": "x = []\nx.append(x)\ny = str(x)\n",
    "a list in itself, compared": "x = []\nx.append(x)\ny = []\ny.append(y)\nz = x == y\n",
    "a list in itself, copied": "import copy\nx = []\nx.append(x)\ny = copy.deepcopy(x)\nz = len(y)\n",
    "a list in itself, as JSON": "import json\nx = []\nx.append(x)\ny = json.dumps(x)\n",
    "a list that grows under its loop": "x = [1]\nfor i in x:\n    x.append(i)\n",
    "a dict that grows under its loop": "x = {1: 1}\nfor i in list(x) * 10:\n    pass\nfor i in x:\n    x[i + 1] = 1\n",
    "exceptions without end": "def f(n):\n    try:\n        raise ValueError(n)\n    except ValueError:\n        f(n + 1)\nf(0)\n",
    "a file that imports itself": "import same_file\nimport same_file\n",
    "a metaclass without end": "class M(type):\n    def __call__(cls): return cls()\nclass A(metaclass=M): pass\nA()\n",
    "sorting by a function without end": "def k(v):\n    while True: pass\nx = sorted([1, 2], key=k)\n",
    "a decorator without end": "def d(f): return d(f)\n@d\ndef g(): pass\n",
    "a loop that swallows everything": "while True:\n    try:\n        raise Exception\n    except BaseException:\n        continue\n",
    "a finally that goes on": "while True:\n    try:\n        x = 1\n    finally:\n        continue\n",
    "undecided arms that double": "import random\nu = random.random()\ndef f(n):\n    if n == 0: return 0\n    if u: return f(n - 1)\n    else: return f(n - 1)\nf(60)\n",
}
MEMORY = {
    "a long text": f"x = 'a' * {BIG}\n",
    "a long text, the other way": f"x = {BIG} * 'a'\n",
    "long bytes": f"x = b'a' * {BIG}\n",
    "a long list": f"x = [0] * {BIG}\n",
    "a long tuple": f"x = (0,) * {BIG}\n",
    "a long range as a list": "x = list(range(10 ** 12))\n",
    "a long range as a set": "x = set(range(10 ** 12))\n",
    "a long range as a tuple": "x = tuple(range(10 ** 12))\n",
    "a sum of a long range": "x = sum(range(10 ** 12))\n",
    "a power of a power": "x = 10 ** 10 ** 10\n",
    "a power in place": "x = 10\nwhile True:\n    x **= 10\n",
    "a product that grows": "x = 3\nwhile True:\n    x *= x\n",
    "a long shift": f"x = 1 << {BIG}\n",
    "pow": "x = pow(10, 10 ** 10)\n",
    "a factorial": "import math\nx = math.factorial(10 ** 8)\n",
    "combinations in number": "import math\nx = math.comb(10 ** 9, 5 * 10 ** 8)\n",
    "a long number as a text": "x = str(1 << 900000)\n",
    "a list that grows": "x = []\nwhile True:\n    x.append(1)\n",
    "lists of lists that grow": "x = []\nwhile True:\n    x = [x, x]\n",
    "a list that doubles": "x = [1]\nwhile True:\n    x = x + x\n",
    "a list that doubles in place": "x = [1]\nwhile True:\n    x += x\n",
    "a list that doubles by extend": "x = [1]\nwhile True:\n    x.extend(x)\n",
    "a text that doubles": "x = 'a'\nwhile True:\n    x += x\n",
    "a dict that grows": "x = {}\ni = 0\nwhile True:\n    x[i] = i\n    i += 1\n",
    "a dict that doubles": "x = {0: 0}\nwhile True:\n    x.update({k + len(x): 1 for k in x})\n",
    "a set that doubles": "x = {0}\nwhile True:\n    x |= {k + len(x) for k in x}\n",
    "many texts of a million": "x = []\nfor i in range(100000):\n    x.append('a' * 1000000 + str(i))\n",
    "many lists of a million": "x = []\nfor i in range(100000):\n    x.append([i] * 1000000)\n",
    "many texts in a dict": "x = {}\nfor i in range(100000):\n    x[i] = ('%d' % i).zfill(1000000)\n",
    "many texts joined": "x = [','.join(['a' * 1000] * 900) for i in range(100000)]\n",
    "many slices": "a = [0] * 1000000\nx = [a[:] for i in range(100000)]\n",
    "many copies": "import copy\na = [0] * 1000000\nx = [copy.copy(a) for i in range(100000)]\n",
    "many deep copies": "import copy\na = [[0] * 1000 for i in range(900)]\nx = [copy.deepcopy(a) for i in range(100000)]\n",
    "many sorted lists": "a = list(range(100000))\nx = [sorted(a) for i in range(100000)]\n",
    "many tuples": "a = [0] * 1000000\nx = [tuple(a) for i in range(100000)]\n",
    "many big numbers": "x = [(1 << 999999) + i for i in range(100000)]\n",
    "join": "x = ('a' * 1000000).join(['b'] * 1000000)\n",
    "format width": f"x = format(1, '{10**9}')\n",
    "format width of a text": f"x = '{{:>{10**9}}}'.format('a')\n",
    "f-string width": "w = 10 ** 9\nx = f'{1:{w}}'\n",
    "precision": f"x = '%.{10**9}f' % 1.0\n",
    "percent width": f"x = '%{10**9}d' % 1\n",
    "percent star": "x = '%*d' % (10 ** 9, 1)\n",
    "percent of bytes": f"x = b'%{10**9}d' % 1\n",
    "zfill": f"x = 'a'.zfill({BIG})\n",
    "ljust": f"x = 'a'.ljust({BIG})\n",
    "rjust of bytes": f"x = b'a'.rjust({BIG})\n",
    "center": f"x = 'a'.center({BIG}, 'x')\n",
    "expandtabs": f"x = ('\\t' * 1000).expandtabs({BIG})\n",
    "replace": "x = ('a' * 1000000).replace('a', 'b' * 1000000)\n",
    "replace of nothing": "x = ('a' * 1000000).replace('', 'b' * 1000000)\n",
    "replace of bytes": "x = (b'a' * 1000000).replace(b'a', b'b' * 1000000)\n",
    "translate": "x = ('a' * 1000000).translate({97: 'b' * 1000000})\n",
    "encode": "x = ('a' * 1000000).encode('utf-32')\ny = [x.decode('latin-1').encode('utf-32') for i in range(1000)]\n",
    "bytes of a number": f"x = bytes({BIG})\n",
    "bytearray of a number": f"x = bytearray({BIG})\n",
    "to_bytes": f"x = (1).to_bytes({BIG}, 'big')\n",
    "split": "x = [('a ' * 400000).split() for i in range(100000)]\n",
    "product of itertools": "import itertools\nx = list(itertools.product(range(1000), repeat=1000))\n",
    "permutations": "import itertools\nx = list(itertools.permutations(range(1000)))\n",
    "nested comprehensions": "x = [a for b in range(10000) for c in range(10000) for d in range(10000) for a in range(10000)]\n",
    "a comprehension of lists": "x = [[0] * 100000 for i in range(1000000)]\n",
    "Decimal": "import decimal\nx = decimal.Decimal(10) ** (10 ** 10)\ny = decimal.Decimal('1e999999') .to_integral_value()\n",
    "Fraction": "import fractions\nx = fractions.Fraction(1, 3) ** 10 ** 8\n",
    "datetimes": "import datetime\nx = [datetime.datetime(2024, 1, 1) + datetime.timedelta(seconds=i) for i in range(10 ** 9)]\n",
    "textwrap": "import textwrap\nx = textwrap.indent('a\\n' * 400000, 'b' * 1000000)\n",
    "textwrap in many lines": "import textwrap\nx = textwrap.wrap('a ' * 400000, 2)\n",
    "Template": "import string\nx = string.Template('$a' * 300000).substitute(a='b' * 1000000)\n",
    "json": "import json\nx = json.dumps(['a' * 1000] * 900000)\n",
    "json indent": "import json\nx = json.dumps([[0]] * 900000, indent=1000000)\n",
    "base64": "import base64\nx = [base64.b64encode(b'a' * 900000) for i in range(100000)]\n",
    "StringIO": "import io\nf = io.StringIO()\nwhile True:\n    f.write('a' * 1000000)\n",
    "a counter's elements": f"import collections\nx = list(collections.Counter({{'a': {BIG}}}).elements())\n",
    "a deque that grows": "import collections\nx = collections.deque()\nwhile True:\n    x.append('a' * 100000)\n",
    "classes by the million": "x = []\nwhile True:\n    x.append(type('A', (), {'a': [0] * 1000}))\n",
    "attributes by the million": "class A: pass\na = A()\ni = 0\nwhile True:\n    setattr(a, f'x{i}', 'a' * 100000)\n    i += 1\n",
    "globals by the million": "i = 0\nwhile True:\n    globals()[f'x{i}'] = 'a' * 100000\n    i += 1\n",
    "strings of strings": "a = 'a' * 1000\nfor i in range(100):\n    a = repr(a) + repr(a)\n",
    "escapes that double": "a = '\\\\'\nwhile True:\n    a = repr(a)\n",
    "hexes": "x = [hex(1 << 900000) for i in range(100000)]\n",
    "tasks by the million": "from airflow import DAG\nfrom airflow.operators.empty import EmptyOperator\nwith DAG('d'):\n    for i in range(10 ** 7):\n        EmptyOperator(task_id=f't{i}')\n",
    "edges by the million": "from airflow import DAG\nfrom airflow.operators.empty import EmptyOperator\nwith DAG('d'):\n    a = [EmptyOperator(task_id=f't{i}') for i in range(3000)]\n    for b in a:\n        for c in a:\n            b >> c\n",
    "Dags by the million": "from airflow import DAG\nfor i in range(10 ** 7):\n    globals()[f'd{i}'] = DAG(f'd{i}')\n",
    "mapped literals": "from airflow import DAG\nfrom airflow.operators.bash import BashOperator\nwith DAG('d'):\n    BashOperator.partial(task_id='t').expand(bash_command=['a' * 1000] * 900000)\n",
}
REGEXES = {
    "nested quantifiers": "import re\nx = re.match(r'(a+)+$', 'a' * 60 + 'b')\n",
    "alternatives that overlap": "import re\nx = re.match(r'(a|aa)+$', 'a' * 80 + 'b')\n",
    "back references": "import re\nx = re.search(r'(.*)(.*)(.*)(.*)(.*)(.*)\\\\1x', 'a' * 3000)\n",
    "a compiled one": "import re\np = re.compile(r'^(([a-z])+.)+[A-Z]([a-z])+$')\nx = p.match('a' * 60)\n",
    "sub": "import re\nx = re.sub(r'(x+x+)+y', '', 'x' * 60)\n",
    "split": "import re\nx = re.split(r'(x+x+)+y', 'x' * 60)\n",
    "findall over a long text": "import re\nx = re.findall(r'.*.*=.*', 'x' * 190000)\n",
    "a pattern of a million": "import re\nx = re.compile('(' * 400000 + ')' * 400000)\n",
    "a repeat of a repeat": "import re\nx = re.compile('(?:(?:(?:a{1,1000}){1,1000}){1,1000}){1,1000}').match('a' * 100000)\n",
    "a replacement that grows": "import re\nx = re.sub('a', 'b' * 100000, 'a' * 100000)\n",
    "verbose alternatives": "import re\nx = re.compile('|'.join(['a%d' % i for i in range(100000)]))\n",
}
DEPTH: dict[str, Callable[[], str]] = {
    "parentheses": lambda: f"x = {'(' * DEEP}1{')' * DEEP}\n",
    "lists": lambda: f"x = {'[' * DEEP}{']' * DEEP}\n",
    "dicts": lambda: f"x = {'{1: ' * DEEP}1{'}' * DEEP}\n",
    "calls": lambda: f"x = {'f(' * DEEP}{')' * DEEP}\n",
    "subscripts": lambda: f"x = a{'[0]' * DEEP}\n",
    "attributes": lambda: f"x = a{'.b' * DEEP}\n",
    "calls in a row": lambda: f"x = a{'()' * DEEP}\n",
    "a sum of ten thousand": lambda: f"x = {'1 + ' * DEEP}1\n",
    "texts added": lambda: "x = " + " + ".join(["'a'"] * DEEP) + "\n",
    "texts in a row": lambda: "x = (" + "'a'\n" * DEEP + ")\n",
    "powers": lambda: f"x = {'1 ** ' * DEEP}1\n",
    "and": lambda: f"x = {'a and ' * DEEP}a\na = 1\n",
    "comparisons": lambda: f"x = {'1 < ' * DEEP}1\n",
    "not": lambda: f"x = {'not ' * DEEP}1\n",
    "minus": lambda: f"x = {'-' * DEEP}1\n",
    "lambdas": lambda: f"x = {'lambda: ' * DEEP}1\n",
    "conditions": lambda: f"x = {'1 if 0 else ' * DEEP}1\n",
    "ifs": lambda: "".join(f"{' ' * i}if 1:\n" for i in range(1000)) + " " * 1000 + "x = 1\n",
    "functions": lambda: "".join(f"{' ' * i}def f():\n" for i in range(1000)) + " " * 1000 + "x = 1\n",
    "elifs": lambda: "a = -1\nif a == 0:\n    x = 0\n" + "".join(f"elif a == {i}:\n    x = {i}\n" for i in range(DEEP)),
    "elifs that are not known": lambda: (
        "import random\na = random.random()\nif a == 0:\n    x = 0\n"
        + "".join(f"elif a == {i}:\n    x = {i}\n" for i in range(DEEP))
    ),
    "f-strings": lambda: "x = " + "f'{" * 2 + "1" + "}'" * 2 + "\n" + "y = f'" + "{1}" * DEEP + "'\n",
    "unpacking": lambda: f"{'(' * DEEP}x{',)' * DEEP} = 1\n",
    "decorators": lambda: "def d(f): return f\n" + "@d\n" * DEEP + "def g(): pass\n",
    "a chain of tasks": lambda: (
        "from airflow import DAG\nfrom airflow.operators.empty import EmptyOperator\nwith DAG('d'):\n    a = EmptyOperator(task_id='a')\n    "
        + " >> ".join(f"EmptyOperator(task_id='t{i}')" for i in range(2000))
        + "\n"
    ),
    "nested comprehensions": lambda: f"x = {'[' * 300}1{' for a in [1]]' * 300}\n",
    "nested with": lambda: (
        "import contextlib\n"
        + "".join(f"{' ' * i}with contextlib.nullcontext():\n" for i in range(900))
        + " " * 900
        + "x = 1\n"
    ),
    "nested data": lambda: "x = 1\nfor i in range(100000):\n    x = [x]\ny = str(x)\nz = x == x\n",
    "nested data, lowered": lambda: (
        "x = 1\nfor i in range(100000):\n    x = [x]\nfrom airflow import DAG\nfrom airflow.operators.python import PythonOperator\n"
        "with DAG('d'):\n    PythonOperator(task_id='t', python_callable=print, op_args=x)\n"
    ),
    "nested data, as parameters": lambda: (
        "x = 1\nfor i in range(100000):\n    x = {'a': x}\nfrom airflow import DAG\nDAG('d', default_args=x, params=x)\n"
    ),
    "nested JSON": lambda: "import json\nx = json.loads('[' * 100000 + ']' * 100000)\n",
    "nested YAML": lambda: "import yaml\nx = yaml.safe_load('[' * 50000 + ']' * 50000)\n",
    "nested YAML blocks": lambda: "import yaml\nx = yaml.safe_load(''.join(' ' * i + 'a:\\n' for i in range(1000)))\n",
    "a YAML of aliases": lambda: (
        "import yaml\nx = yaml.safe_load('''\n"
        + "a0: &a0 [x, x]\n"
        + "".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n" for i in range(1, 60))
        + "''')\ny = str(x)\n"
    ),
    "a YAML of aliases in an argument": lambda: (
        "import yaml\nx = yaml.safe_load('''\n"
        + "a0: &a0 [x, x]\n"
        + "".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n" for i in range(1, 60))
        + "''')\nfrom airflow import DAG\nDAG('d', tags=x['a59'], default_args=x)\n"
    ),
    "aliases by hand": lambda: (
        "x = ['x']\nfor i in range(60):\n    x = [x, x]\nfrom airflow import DAG\nDAG('d', params={'p': x})\n"
    ),
    "aliases by hand, as a text": lambda: "x = ['x']\nfor i in range(60):\n    x = [x, x]\ny = str(x)\n",
    "aliases by hand, compared": lambda: (
        "x = y = ['x']\nfor i in range(60):\n    x, y = [x, x], [y, y]\nz = x == y, x < y\n"
    ),
    "aliases by hand, as JSON": lambda: (
        "import json\nx = ['x']\nfor i in range(60):\n    x = [x, x]\ny = json.dumps(x)\n"
    ),
    "aliases by hand, as YAML": lambda: (
        "import yaml\nx = ['x']\nfor i in range(60):\n    x = [x, x]\ny = yaml.safe_dump(x)\n"
    ),
    "aliases by hand, hashed": lambda: "x = ('x',)\nfor i in range(60):\n    x = (x, x)\ny = hash(x), {x: 1}, x == x\n",
    "a number of many digits": lambda: f"x = {'9' * 100000}\n",
    "a number of many digits in hex": lambda: f"x = 0x{'f' * 1000000}\ny = str(x)\n",
    "int() of many digits": lambda: "x = int('9' * 900000)\n",
    "a csv": lambda: "import csv\nx = list(csv.reader(['a,' * 400000] * 1000000))\n",
    "many statements": lambda: "x = 1\n" * 200_000,
    "a long line": lambda: "x = [" + "1, " * 300_000 + "]\n",
    "a long text": lambda: f"x = '{'a' * 3_000_000}'\n",
    "a million lines of comments": lambda: "# comment\n" * 1_000_000,
    "a million lines": lambda: "x = 1\n" * 1_000_000,
    "a hundred megabytes": lambda: "x = '" + "a" * 100_000_000 + "'\n",
    "a hundred megabytes of lines": lambda: "xxxxxxxxx\n" * 10_000_000,
}


def cases() -> dict[str, Callable[[], str]]:
    """All of them, by group and name."""
    found: dict[str, Callable[[], str]] = {}
    for group, texts in (("loop", LOOPS), ("memory", MEMORY), ("regex", REGEXES)):
        found |= {f"{group}: {name}": (lambda text=text: text) for name, text in texts.items()}  # type: ignore[misc]
    return found | {f"depth: {name}": make for name, make in DEPTH.items()}


def main() -> int:
    """The command: each case that is named (or all), read as the daemon would, with what it took and what was said."""
    import argparse
    import time

    from tests.fuzz.reading import reading_in
    from tests.fuzz.sweep import MOST_SECONDS, memory_mb

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="of cases, or how their names begin: 'regex', 'memory: json'")
    given = parser.parse_args()
    failed = 0
    for name, make in cases().items():
        if given.names and not name.startswith(tuple(given.names)):
            continue
        with (
            tempfile.TemporaryDirectory() as root,
            reading_in(Path(root), parse_timeout_s=MOST_SECONDS) as (pool, setup),
        ):
            (Path(root) / "case.py").write_text(make())
            begun = time.monotonic()
            (parsed,) = pool.read(setup, ["case.py"])
            most = max([memory_mb(pid) for pid in pool.pids()] or [0])
            told = ", ".join(f"{one.code} {one.message}" for one in parsed.diagnostics) or "nothing"
            bad = any(one.code == "GF009" for one in parsed.diagnostics)
            failed += bad
            print(
                f"{'BAD ' if bad else ''}{name}: {time.monotonic() - begun:.1f} s, {most} MB: {told[:120]}", flush=True
            )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
