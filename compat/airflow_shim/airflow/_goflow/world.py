"""What holds while one task runs: its dialect, its client, the inputs that were recorded, the current context.

One process runs one task, so these are plain attributes of one class. `reset` puts them back, for a process that runs
several (tests, and a zygote before it forks).
"""

AIRFLOW2 = "airflow2"
AIRFLOW3 = "airflow3"
VERSIONS = {AIRFLOW2: "2.11.2", AIRFLOW3: "3.3.2"}
SDK_VERSION = "1.3.2"


class World:
    """CLIENT speaks to the task API; RECORDED holds the inputs of the file's reading while the file is imported, and is
    None afterwards; CONTEXTS is the stack behind ``get_current_context``; PARSING is the ``(dag_id, task_id)`` that the
    import is for; ACCOUNT, where a file is run only to tell what it makes, keeps what is made, and TEMPLATE_FIELDS are
    those of operators that are not installed, by path."""

    dialect = AIRFLOW3
    client = None
    recorded = None
    task_input = None
    parsing = (None, None)
    contexts = []
    skipped = []
    account = None
    template_fields = {}


def is_airflow2():
    """Whether Airflow 2's behaviour holds."""
    return World.dialect == AIRFLOW2


def version():
    """The version that ``airflow.__version__`` tells."""
    return VERSIONS[World.dialect]


def reset(dialect=AIRFLOW3, client=None):
    """Start over with DIALECT and CLIENT; modules made for another dialect are forgotten."""
    if dialect != World.dialect:
        from airflow._goflow import finder

        World.dialect = dialect
        finder.forget()
    World.client = client
    World.recorded = None
    World.task_input = None
    World.parsing = (None, None)
    World.contexts = []
    World.skipped = []
