from __future__ import annotations

from datetime import datetime

from airflow import DAG
from airflow.models.baseoperator import chain
from airflow.operators.bash import BashOperator
from airflow.operators.empty import EmptyOperator

S = datetime(2024, 1, 1)


def E(t, **k):
    return EmptyOperator(task_id=t, **k)


def B(t, c="echo", **k):
    return BashOperator(task_id=t, bash_command=c, **k)


def fn(*a, **k): ...


import dataclasses
import enum
import functools
import itertools
import operator
import re
import string
import textwrap
import typing
from collections import ChainMap, Counter, OrderedDict, defaultdict, deque, namedtuple
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Cfg:
    name: str
    tables: list = field(default_factory=lambda: ["a", "b"])
    n: int = 3

    @property
    def id(self):
        return f"{self.name}_{self.n}"

    @classmethod
    def make(cls, **k):
        return cls(**k)

    @staticmethod
    def up(x):
        return x.upper()


class Color(enum.Enum):
    RED = "r"
    BLUE = enum.auto()


class SE(str, enum.Enum):
    A = "aa"


class IE(enum.IntEnum):
    ONE = 1


P = namedtuple("P", "x y")


class NT(typing.NamedTuple):
    a: int
    b: str = "z"


with DAG("lang", schedule=None, start_date=S) as d:
    c = Cfg.make(name="c")
    B(c.id, f"{c} {c.up('x')} {dataclasses.asdict(c)} {dataclasses.replace(c, n=9).id}")
    B(
        "enum",
        f"{Color.RED} {Color.RED.value} {Color('r').name} {[x.name for x in Color]} {SE.A} {SE.A.value} {IE.ONE} {IE.ONE + 1} {SE.A == 'aa'} {Color.RED!r}",
    )
    B("nt", f"{P(1, y=2)} {P(1, 2)._asdict()} {NT(4)} {P(1, 2)._replace(x=5).x}")
    B(
        "cnt",
        f"{Counter('abca').most_common(1)} {dict(ChainMap({'a': 1}, {'b': 2}))} {list(deque([1, 2, 3], maxlen=2))} {OrderedDict(a=1)} {defaultdict(list)['q']}",
    )
    B(
        "it",
        f"{list(itertools.product('ab', repeat=2))} {list(itertools.chain([1], [2]))} {[list(g) for k, g in itertools.groupby('aab')]} {list(itertools.islice(itertools.count(), 3))} {list(itertools.zip_longest([1], [2, 3]))} {list(itertools.combinations('abc', 2))} {list(itertools.accumulate([1, 2, 3]))}",
    )
    B(
        "fn",
        f"{functools.reduce(operator.add, [1, 2, 3])} {functools.partial(int, base=2)('101')} {list(map(str, range(2)))} {list(filter(None, [0, 1]))} {sum(x for x in range(4))} {max([1, 3], key=lambda v: -v)} {any([])} {all([])} {round(2.5)} {round(2.675, 2)} {divmod(7, 2)} {abs(-3)} {pow(2, 3)} {bin(5)} {hex(255)} {oct(8)} {chr(65)} {ord('a')}",
    )
    B(
        "re",
        f"{re.sub(r'[^a-z]+', '_', 'a b-c')} {re.match(r'(?P<n>x+)', 'xxy').group('n')} {re.findall('[0-9]+', 'a1b22')} {re.split(',', 'a,b')} {bool(re.fullmatch('a', 'b'))} {re.compile('a').search('bab').span()}",
    )
    B(
        "st",
        f"{'a-b'.replace('-', '_')} {'Ab'.swapcase()} {'x'.zfill(3)} {'a,b'.partition(',')} {'abc'[::-1]} {'abc'[1:]} {'a b'.title()} {'  x '.strip()} {'abc'.removeprefix('a')} {'%s' % ('t',)} {'ab'.encode()} {'x'.center(5, '*')} {string.ascii_lowercase[:3]} {string.Template('$a ${b}').substitute(a=1, b=2)} {textwrap.dedent('  q')}",
    )
    m = 3
    match m:
        case 1 | 2:
            E("m12")
        case int(x) if x > 2:
            E(f"m{x}")
        case _:
            E("m_")
    i = 0
    while True:
        i += 1
        if i == 2:
            continue
        if i > 3:
            break
        E(f"w{i}")
    else:
        E("never")
    for q in []:
        pass
    else:
        E("forelse")
    if (n := len("abc")) > 2:
        E(f"walrus{n}")

    def gen():
        yield from (E(f"gen{k}") for k in range(2))
        return 5

    chain(*gen())
    x = y = []
    x.append(1)
    B("alias", str(y))
    x += [2]
    B("alias2", str(y))
    x = x + [3]
    B("alias3", str(y))
    a, (b, *c2), e2 = 1, (2, 3, 4), 5
    B("unp", f"{a}{b}{c2}{e2}")

    def kw(a, /, b, *args, c=3, **k):
        return f"{a}{b}{args}{c}{k}"

    B("kw", kw(1, 2, 3, c=4, z=5))
    B("kw2", kw(*[1, 2], **{"c": 9}))
    B(
        "cmp",
        f"{1 < 2 < 3} {1 == 1.0} {'a' in 'abc'} {None is None} {not []} {[] or 'x'} {0 and 1} {1 if [] else 2} {3 & 1 | 4 ^ 2} {~1} {1 << 3} {2**-1} {7 // 2} {-7 % 3}",
    )
    g1 = 0

    def inc():
        global GG
        GG = 5
        nonlocal_v = 1

        def inner():
            nonlocal nonlocal_v
            nonlocal_v += 1

        inner()
        return nonlocal_v

    B("nl", f"{inc()} {GG}")

    class Base:
        reg = {}

        def __init_subclass__(cls, **kw):
            Base.reg[cls.__name__] = kw

        def __init__(self, v):
            self.v = v

        def __str__(self):
            return f"<{self.v}>"

        def __repr__(self):
            return f"R{self.v}"

        def __eq__(self, o):
            return self.v == o.v

        def __hash__(self):
            return hash(self.v)

        def __len__(self):
            return 3

        def __getitem__(self, k):
            return k * 2

        def __call__(self, z):
            return z + self.v

        def __add__(self, o):
            return Base(self.v + o.v)

        def __lt__(self, o):
            return self.v < o.v

        def __contains__(self, k):
            return k == self.v

        def __iter__(self):
            return iter([self.v])

        def __bool__(self):
            return False

        def __enter__(self):
            E("ent")
            return self

        def __exit__(self, *a):
            E("exi")
            return True

        def __getattr__(self, n):
            return n + "!"

    class Sub(Base, flag=1):
        def __init__(self, v):
            super().__init__(v * 2)

    B(
        "cls",
        f"{Sub(2)} {[Sub(3)]} {Base.reg} {len(Sub(1))} {Sub(1)[4]} {Sub(1)(5)} {Sub(1) + Sub(2)} {sorted([Sub(2), Sub(1)])} {2 in Sub(1)} {list(Sub(4))} {bool(Sub(1))} {Sub(1).foo} {isinstance(Sub(1), Base)} {Sub.__mro__[1].__name__}",
    )
    with Base(1) as bb:
        raise ValueError
    E("after_swallow")
