"""The inside of the shim. Its one door for goflow-runner is `execute`; everything else here is Airflow's names."""


def execute(task_input, client, folder, stop=None):
    """Import the DAG file in FOLDER and run one task of it, to its end; the outcome (`goflow_runner.wire.OutcomeInfo`).

    TASK_INPUT is `goflow_runner.wire.TaskInput`, CLIENT a `goflow_runner.client.TaskClient`. SIGTERM stops the task:
    its ``on_kill`` is called, and it ends as failed. STOP is not needed.
    """
    from airflow._goflow import session

    return session.execute(task_input, client, folder)


PRELOADED = (
    *("asset_events", "building", "decorated", "drift", "jinja", "loading", "pulling", "rendered", "running"),
    *("session", "stand_in", "taskflow", "xcom_arg"),
)
"""What most tasks need of the shim's own modules, less what reads the environment when it is imported."""


def preload():
    """Import what most tasks need, once, before tasks are forked off this process."""
    import importlib

    import jinja2.sandbox  # noqa: F401
    import pendulum  # noqa: F401

    for name in PRELOADED:
        importlib.import_module(f"airflow._goflow.{name}")


def reconnect(dialect):
    """Give this process a client of its own: the other interpreter in which a virtualenv task's function runs. Without
    the runner's environment nothing happens."""
    import os

    from goflow_runner.wire import ENV_API_URL, ENV_LAUNCH, ENV_TOKEN_FILE

    from airflow._goflow import world

    world.World.dialect = dialect
    if all(os.environ.get(name) for name in (ENV_API_URL, ENV_LAUNCH, ENV_TOKEN_FILE)):
        from goflow_runner.client import TaskClient

        world.World.client = TaskClient.from_environment(os.environ[ENV_LAUNCH])
