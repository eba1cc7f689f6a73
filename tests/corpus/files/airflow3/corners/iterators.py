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


with DAG("iters", schedule=None, start_date=S) as d:
    z = zip([1, 2], [3, 4])
    a = list(z)
    b = list(z)
    B("z", f"{a} {b}")
    e = enumerate("ab")
    B("e", f"{next(e)} {list(e)} {list(e)}")
    r = reversed([1, 2, 3])
    B("r", f"{next(r)} {list(r)}")
    f = filter(None, [0, 1, 2])
    B("f", f"{next(f)} {list(f)}")
    m = map(str, [1, 2])
    B("m", f"{next(m)} {list(m)} {list(m)}")
    g = (x for x in range(3))
    B("g", f"{next(g)} {list(g)} {list(g)}")
    it = iter([1, 2])
    B("it", f"{next(it)} {next(it)} {next(it, 'd')}")
    B(
        "pow",
        f"{pow(2, 5, 7)} {sum([[1], [2]], [])} {max('a', 'b')} {min([3, 1], default=0)} {max([], default='x')} {sorted([3, 1], reverse=True)} {divmod(-7, 2)} {round(-2.5)} {round(12345, -2)} {int('ff', 16)} {int('0b1', 0)} {float('1e3')} {bool('')} {str(b'x')} {bytes('é', 'utf8')} {list('abc')} {tuple({1: 2})} {dict([('a', 1)], b=2)} {frozenset([1])} {range(3)} {list(range(5, 0, -2))} {slice(1, 2)} {type(None).__name__} {...} {NotImplemented}",
    )
    first, *_ = zip("ab", range(2))
    B("first", str(first))
    B(
        "d",
        f"{dict(zip('ab', [1, 2]))} {dict(enumerate('xy'))} {[*zip('a', 'b')]} {list(map(lambda a, b: a + b, [1], [2]))} {any(x > 1 for x in [1, 2])} {'-'.join(reversed('abc'))} {len(list(zip()))} {list(zip([1, 2], [3], strict=False))}",
    )

    def count():
        n = 0
        while True:
            got = yield n
            n = got if got is not None else n + 1

    c = count()
    B("c", f"{next(c)} {next(c)} {c.send(10)} {next(c)}")
    w = iter(lambda l=[3, 2, 0]: l.pop(0), 0)
    B("w", str(list(w)))
    B(
        "chain",
        " ".join(
            str(a)
            for a in [
                1 < 2 > 1,
                not 1 == 2,
                1 in [1] == True,
                f"ab{1}c",
                (1,) + (2,),
                [1] * 2,
                "ab" in "cab",
                {1} <= {1, 2},
                {"a": 1} == {"a": 1.0},
                [1, 2] < [1, 3],
                (1, "a") != (1, "b"),
                None or 0 or "z",
                1 and 2,
                -(2**2),
                2**3**2,
                7 / 2 // 1,
                ~5 & 0xF,
                5 if 0 else 6,
            ]
        ),
    )
