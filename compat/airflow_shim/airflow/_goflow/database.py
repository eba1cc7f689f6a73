"""Airflow's database session: tasks have none. Functions that want one can be decorated, and fail when they are called
for it."""

import contextlib
import functools

NEW_SESSION = None


class Session:
    """Says that there is no database."""

    def __init__(self, *args, **kwargs):
        raise RuntimeError("tasks have no access to Airflow's database")


def provide_session(func):
    """FUNC, which gets no session."""

    @functools.wraps(func)
    def wrapper(*args, **kwargs):
        return func(*args, **kwargs)

    return wrapper


@contextlib.contextmanager
def create_session(*args, **kwargs):
    """Raises RuntimeError."""
    yield Session()
