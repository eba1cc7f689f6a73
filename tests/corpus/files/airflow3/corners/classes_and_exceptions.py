from __future__ import annotations

from datetime import datetime

from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import (
    DAG,
)

S = datetime(2024, 1, 1)


def E(t, **k):
    return EmptyOperator(task_id=t, **k)


def B(t, c="echo", **k):
    return BashOperator(task_id=t, bash_command=c, **k)


def fn(*a, **k): ...


class A:
    added = 1


class Desc:
    def __set_name__(self, o, n):
        self.n = n

    def __get__(self, i, o):
        return self.n + "d"


class C:
    __slots__ = ("x",)
    d = Desc()
    _c = 0

    def __new__(cls, *a):
        cls._c += 1
        return super().__new__(cls)

    def __init__(self, x=1):
        self.x = x

    @property
    def p(self):
        return self.x

    @p.setter
    def p(self, v):
        self.x = v * 2

    def __format__(self, s):
        return f"<{s}>"

    def __eq__(self, o):
        return True

    def __radd__(self, o):
        return o + 1

    def __iadd__(self, o):
        self.x += o
        return self

    def __delitem__(self, k):
        self.x = k

    def __setitem__(self, k, v):
        self.x = (k, v)

    @classmethod
    def mk(cls):
        return cls(7)

    @staticmethod
    def st():
        return "st"


def deco(pre):
    import functools

    def w(f):
        @functools.wraps(f)
        def inner(*a, **k):
            return pre + str(f(*a, **k))

        return inner

    return w


@deco("p")
@deco("q")
def decd(x):
    return x


def gen():
    x = yield 1
    yield x


with DAG("meta", schedule=None, start_date=S) as d:
    c = C()
    c.p = 5
    B("c", f"{A.added} {c.d} {C._c} {c.p} {c:abc} {c == 3} {5 + c} {C.mk().x} {c.st()}")
    c += 3
    B("c2", f"{c.x}")
    c["k"] = 1
    B("c3", f"{c.x}")
    del c["z"]
    B("c4", f"{c.x}")
    g = gen()
    B("g", f"{next(g)} {g.send(9)} {next(g, 'end')}")
    B("dec", f"{decd(3)} {decd.__name__}")
    B(
        "ct",
        f"{[*range(3), *'ab']} { ({**{'a': 1}, 'b': 2}) } {(lambda *a, **k: (a, k))(1, x=2)} {[i for i in range(9) if i % 2 if i > 2]} {[(a, b) for a in 'xy' for b in range(2)]} { ({k: v for k, v in zip('ab', (1, 2))}) } {sorted({c for c in 'hello'})}",
    )
    B("exc", "")
    try:
        try:
            1 / 0
        except ZeroDivisionError as e:
            raise RuntimeError("wrapped") from e
    except RuntimeError as e:
        B("exc2", f"{e} {e.__cause__} {type(e.__cause__).__name__}")
    try:
        {}["x"]
    except LookupError as e:
        B("exc3", f"{e!r} {e.args}")
    try:
        int("x")
    except ValueError as e:
        B("exc4", str(e))
    try:
        [][1]
    except IndexError as e:
        B("exc5", str(e))
    try:
        None.foo
    except AttributeError as e:
        B("exc6", str(e))
    try:
        "a" + 1
    except TypeError as e:
        B("exc7", str(e))
    try:
        undefined_x
    except NameError as e:
        B("exc8", str(e))
    try:
        fn2 = lambda a: a
        fn2()
    except TypeError as e:
        B("exc9", str(e))

    def ub():
        try:
            return "t"
        finally:
            E("fin")

    B("ub", ub())
    for i in range(3):
        try:
            if i == 1:
                continue
            if i == 2:
                break
        finally:
            E(f"f{i}")
    B("slices", f"{'abcdef'[1:-1:2]} {[1, 2, 3][::-1]} {(1, 2, 3)[-2:]} {'abc'[-5:]} {list(range(10))[slice(2, 5)]}")
    B(
        "num",
        f"{1_000} {0b11} {0o17} {0xFF} {1e3} {1e-7} {12345678.9} {float('inf')} {round(1.5)} {int(3.9)} {3 / 2} {2**0.5:.4f} {10 % 3} {-1 // 2} {1 + 2j} {complex(1, 2).imag} {0.1 + 0.2} {1e22} {1.0} {100000000000000000.0}",
    )
    B(
        "strs",
        f"{'a' * 3} {'%05d|%-5s|%x|%+d|%.2e|%c|%%' % (3, 'a', 255, 4, 12345.678, 'z')} {'{:>8}|{:<8}|{:^8}|{:+d}|{:,}|{:.1%}|{!r}'.format('a', 'b', 'c', 1, 1234567, 0.256, 'q')} {'x'.join(map(str, range(3)))} {'a,b,,c'.split(',')} {'  a b '.split()} {'abc'.find('c')} {'abc'.index('b')} {'aXbX'.count('X')} {'abc'.isalpha()} {'é'.encode('utf-8')} {b'x'.decode()} {'ß'.upper()} {'abc'.translate(str.maketrans('ab', 'xy'))} {'a b'.capitalize()} {ascii('é')}",
    )
