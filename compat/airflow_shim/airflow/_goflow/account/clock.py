"""The time while a file is read: it stands still for ``datetime`` and pendulum, so that a file sees one moment only.

A file is run twice, at two moments: what differs then hangs on the time, or on chance.
"""

import datetime as dt
import gc
import time


def set_clock(now):
    """Let ``datetime.now()`` and its kin be NOW (aware, UTC), and ``time.time()`` go on from there.

    The classes themselves are changed, so that every library which has them under any name sees the same.
    """
    fresh, fresh_date = dt.datetime.fromtimestamp, dt.date.fromordinal
    seconds = now.timestamp()

    def current(cls, tz=None):
        return (
            cls.fromtimestamp(seconds, tz)
            if tz is not None
            else cls.fromtimestamp(seconds, dt.timezone.utc).replace(tzinfo=None)
        )

    def today(cls):
        return current(cls)

    def date_today(cls):
        at = fresh(seconds, dt.timezone.utc)
        return cls.fromordinal(fresh_date(at.toordinal()).toordinal())

    change(dt.datetime, now=classmethod(current), utcnow=classmethod(today), today=classmethod(today))
    change(dt.date, today=classmethod(date_today))
    ahead, real = seconds - time.time(), time.time
    time.time = lambda: real() + ahead
    time.time_ns = lambda: int((real() + ahead) * 1e9)
    for name in ("gmtime", "localtime"):
        known = getattr(time, name)
        setattr(time, name, lambda secs=None, known=known: known(time.time() if secs is None else secs))


def change(kind, **names):
    """Set attributes of a class that is written in C."""
    import ctypes

    table = gc.get_referents(kind.__dict__)[0]
    table.update(names)
    ctypes.pythonapi.PyType_Modified(ctypes.py_object(kind))
