"""Results asked for by name, and lists of results that are fetched when somebody looks."""

from collections.abc import Sequence

from airflow._goflow import world
from airflow._goflow.serialization import deserialize, serialize
from airflow._goflow.words import XCOM_RETURN_KEY
from airflow._goflow.world import World


class BaseXCom:
    """Results of tasks."""

    XCOM_RETURN_KEY = XCOM_RETURN_KEY

    @classmethod
    def get_one(cls, *, key=XCOM_RETURN_KEY, dag_id, task_id, run_id, map_index=None, include_prior_dates=False,
                session=None):  # fmt: skip
        """One result, or None."""
        rows = World.client.xcoms(dag_id, run_id, task_id, key, map_index, prior=include_prior_dates)
        return deserialize(rows[0]["value"]) if rows else None

    @classmethod
    def get_value(cls, *, ti_key, key=None, session=None):
        """One result of a task instance, or None."""
        return cls.get_one(
            key=key or XCOM_RETURN_KEY, dag_id=ti_key.dag_id, task_id=ti_key.task_id, run_id=ti_key.run_id,
            map_index=ti_key.map_index,
        )  # fmt: skip

    @classmethod
    def get_all(cls, *, key=XCOM_RETURN_KEY, dag_id, task_id, run_id, include_prior_dates=False):
        """The results of all copies, or None."""
        rows = World.client.xcoms(dag_id, run_id, task_id, key, None, prior=include_prior_dates)
        return [deserialize(row["value"]) for row in rows] or None

    @classmethod
    def set(cls, key, value, *, dag_id=None, task_id=None, run_id=None, map_index=-1, **kwargs):
        """Leave a result of the current task. Raises RuntimeError for another one's."""
        own = World.task_input or {}
        if (dag_id, task_id, run_id) not in {(own.get("dag_id"), own.get("task_id"), own.get("run_id")), (None,) * 3}:
            raise RuntimeError("a task can only leave results of its own")
        from airflow._goflow.context import get_current_context

        get_current_context()["ti"].xcom_push(key, value)

    @staticmethod
    def serialize_value(value, **kwargs):
        """As JSON."""
        return serialize(value)

    @staticmethod
    def deserialize_value(result):
        """From JSON."""
        return deserialize(result.value)


XCom = BaseXCom


class LazyXComSequence(Sequence):
    """The results of a task's copies, by map index; fetched when they are looked at."""

    def __init__(self, ti, task_id, key=XCOM_RETURN_KEY, dag_id=None, run_id=None, rows=None):
        self._where = (dag_id or ti.dag_id, run_id or ti.run_id, task_id, key)
        self._client = ti.client
        self._rows = rows

    def _all(self):
        if self._rows is None:
            self._rows = self._client.xcoms(*self._where)
        return self._rows

    def __len__(self):
        return len(self._all())

    def __getitem__(self, index):
        if isinstance(index, slice):
            return [deserialize(row["value"]) for row in self._all()[index]]
        return deserialize(self._all()[index]["value"])

    def __eq__(self, other):
        return list(self) == list(other) if isinstance(other, Sequence) else NotImplemented

    __hash__ = None

    def __repr__(self):
        if world.is_airflow2():
            return f"LazySelectSequence([{len(self)} item{'' if len(self) == 1 else 's'}])"
        if self._rows is None:
            return "LazyXComSequence(<unevaluated length>)"
        return f"LazyXComSequence([{len(self)} item{'' if len(self) == 1 else 's'}])"

    def __reduce__(self):
        return list, (list(self),)


class LazySelectSequence(Sequence):
    """The list that Airflow 2 gives for several results: shown by its length."""

    def __init__(self, values):
        self._values = values

    def __len__(self):
        return len(self._values)

    def __getitem__(self, index):
        return self._values[index]

    def __eq__(self, other):
        return list(self) == list(other) if isinstance(other, Sequence) else NotImplemented

    __hash__ = None

    def __repr__(self):
        return f"LazySelectSequence([{len(self)} item{'' if len(self) == 1 else 's'}])"

    def __reduce__(self):
        return list, (self._values,)


LazyXComAccess = LazyXComSequence
