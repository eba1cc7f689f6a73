"""How both sides run a list of DAGs: a few at a time, each after those that it waits for.

Imported by Airflow's interpreters too, so of Python's own library alone.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

AT_ONCE = 6
"""Runs at the same time on this machine: enough that sleeps overlap, few enough that the examples' own short timeouts
hold."""
TRIGGERED_WITHIN_S = 20.0
"""How long after the end of what triggers it a run may be away."""
ENDED = ("success", "failed")
Entry = Mapping[str, Any]


def drive(
    entries: Sequence[Entry],
    trigger: Callable[[Entry], None],
    states: Callable[[], Mapping[str, Sequence[str]]],
    ended: Callable[[str], None],
    limit_s: float,
    at_once: int = AT_ONCE,
) -> None:
    """Start what ENTRIES name and wait for its end; ENDED is told of each that had one within LIMIT_S of its start.

    An entry has ``dag_id``, ``after`` (DAGs whose runs must have ended first) and ``triggered`` (another DAG starts
    it). STATES gives the states of the runs of each DAG. What TRIGGER cannot start (it raises, and says why) has no end.
    """
    waiting, begun, over = list(entries), dict[str, float](), set[str]()
    awaited = {entry["dag_id"] for entry in entries if entry["triggered"]}
    while waiting or begun:
        now = states()
        for dag_id in [dag_id for dag_id in begun if dag_id in awaited and now.get(dag_id)]:
            awaited.remove(dag_id)
            begun[dag_id] = time.monotonic() + limit_s
        for dag_id in [dag_id for dag_id in begun if now.get(dag_id) and all(s in ENDED for s in now[dag_id])]:
            print(f"{dag_id:60} {' '.join(now[dag_id])}", flush=True)
            begun.pop(dag_id)
            over.add(dag_id)
            ended(dag_id)
        for dag_id in [dag_id for dag_id, by in begun.items() if time.monotonic() > by]:
            print(f"{dag_id:60} has not ended: {now.get(dag_id)}", file=sys.stderr, flush=True)
            begun.pop(dag_id)
            over.add(dag_id)
        for entry in [entry for entry in waiting if over.issuperset(entry["after"])][: at_once - len(begun)]:
            waiting.remove(entry)
            begun[entry["dag_id"]] = time.monotonic() + (TRIGGERED_WITHIN_S if entry["triggered"] else limit_s)
            if not entry["triggered"]:
                try:
                    trigger(entry)
                except Exception as problem:
                    print(f"{entry['dag_id']} does not start: {problem}", file=sys.stderr, flush=True)
                    begun[entry["dag_id"]] = time.monotonic()
        time.sleep(0.5)
