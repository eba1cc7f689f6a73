"""How a system test runs its DAG, and the name of the place where it does."""

from __future__ import annotations

import os


def get_test_run(dag, **arguments):
    """A function for pytest that runs DAG once, with ARGUMENTS for `dag.test`."""

    def test_run():
        run = dag.test(**arguments)
        assert str(run.state) == "success"

    return test_run


def get_test_env_id(env_var_name: str = "SYSTEM_TESTS_ENV_ID"):
    """What the environment variable says that keeps the resources of one run apart from those of others."""
    return os.environ.get(env_var_name)
