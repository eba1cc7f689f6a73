"""The context of a task: what templates and callables are given under Airflow's names."""

from airflow._goflow import world

_BOTH = (
    "conn dag dag_run data_interval_end data_interval_start ds ds_nodash exception expanded_ti_count inlet_events "
    "inlets logical_date macros map_index_template outlet_events outlets params prev_data_interval_end_success "
    "prev_data_interval_start_success prev_end_date_success prev_start_date_success reason run_id task task_instance "
    "task_instance_key_str templates_dict test_mode ti try_number ts ts_nodash ts_nodash_with_tz var"
)
_AIRFLOW2 = (
    "conf execution_date next_ds next_ds_nodash next_execution_date prev_ds prev_ds_nodash prev_execution_date "
    "prev_execution_date_success tomorrow_ds tomorrow_ds_nodash triggering_dataset_events yesterday_ds "
    "yesterday_ds_nodash"
)
_AIRFLOW3 = (
    "asset_state_store partition_date partition_key task_reschedule_count task_state_store triggering_asset_events"
)


class _KnownKeys:
    """The names that a context may have; which ones, the dialect decides."""

    def _names(self):
        return f"{_BOTH} {_AIRFLOW2 if world.is_airflow2() else _AIRFLOW3}".split()

    def __contains__(self, name):
        return name in self._names()

    def __iter__(self):
        return iter(self._names())

    def __len__(self):
        return len(self._names())


KNOWN_CONTEXT_KEYS = _KnownKeys()


class Lazy:
    """A value that is made when somebody looks at it."""

    __slots__ = ("make",)

    def __init__(self, make):
        self.make = make


class Context(dict):
    """A context whose costly values are made when they are asked for: pendulum is slow to import, few tasks look."""

    def __getitem__(self, key):
        value = super().__getitem__(key)
        if type(value) is Lazy:
            value = value.make()
            super().__setitem__(key, value)
        return value

    def names(self):
        """The names, nothing made."""
        return list(super().keys())

    def get(self, key, default=None):
        """The value, or DEFAULT."""
        return self[key] if key in self else default

    def __iter__(self):  # overridden, so that dict(context) and **context look values up one by one
        return iter(self.names())

    def keys(self):
        """The names."""
        return dict.fromkeys(self.names()).keys()

    def items(self):
        """All, made."""
        return [(name, self[name]) for name in self.names()]

    def values(self):
        """All values, made."""
        return [self[name] for name in self.names()]

    def pop(self, key, *default):
        """Take one out."""
        if key in self:
            value = self[key]
            del self[key]
            return value
        if default:
            return default[0]
        raise KeyError(key)

    def copy(self):
        """Another one with the same values, lazy ones left so."""
        made = type(self)()
        for name in self.names():
            dict.__setitem__(made, name, super().__getitem__(name))
        return made

    __copy__ = copy

    def __or__(self, other):
        made = self.copy()
        made.update(other)
        return made

    def __eq__(self, other):
        return self is other

    __hash__ = None

    def __reduce__(self):
        return dict, (dict(self.items()),)

    def update_for_unmapped(self, task):
        """Let it be about TASK, the copy that a mapped task became (``context_update_for_unmapped``)."""
        from airflow._goflow.params import process_params

        self["task"] = task
        self["ti"].task = task
        self["inlets"], self["outlets"] = task.inlets, task.outlets
        self["map_index_template"] = task.map_index_template
        self["params"] = process_params(task.dag, task, self["dag_run"].conf)


def get_current_context():
    """The context of the task that runs. Raises RuntimeError where none does."""
    if not world.World.contexts:
        raise RuntimeError(
            "Current context was requested but no context was found! Are you running within an Airflow task?"
        )
    return world.World.contexts[-1]


class set_current_context:
    """While CONTEXT is the current one."""

    def __init__(self, context):
        self.context = context

    def __enter__(self):
        world.World.contexts.append(self.context)
        return self.context

    def __exit__(self, *_):
        world.World.contexts.pop()


DEFAULT_FORMAT_PREFIX = "airflow.ctx."


def __getattr__(name):
    if name != "AIRFLOW_VAR_NAME_FORMAT_MAPPING":
        raise AttributeError(name)
    date = "execution_date" if world.is_airflow2() else "logical_date"
    names = ("dag_id", "task_id", date, "try_number", "dag_run_id", "dag_owner", "dag_email")
    return {
        f"AIRFLOW_CONTEXT_{name.upper()}": {
            "default": f"{DEFAULT_FORMAT_PREFIX}{name}", "env_var_format": f"AIRFLOW_CTX_{name.upper()}",
        }
        for name in names
    }  # fmt: skip


def context_to_airflow_vars(context, in_env_var_format=False):
    """What tells a process which task it belongs to: ``AIRFLOW_CTX_DAG_ID`` or ``airflow.ctx.dag_id`` and so on."""
    task, ti, run = context.get("task"), context.get("task_instance"), context.get("dag_run")
    date = ti._dag_run._run.get("logical_date") if ti is not None else None
    found = {
        "dag_email": getattr(task, "email", None),
        "dag_owner": getattr(task, "owner", None),
        "dag_id": getattr(ti, "dag_id", None),
        "task_id": getattr(ti, "task_id", None),
        "execution_date" if world.is_airflow2() else "logical_date": date,
        "try_number": getattr(ti, "try_number", None),
        "dag_run_id": getattr(run, "run_id", None),
    }
    shown = {key: ",".join(value) if isinstance(value, list) else str(value) for key, value in found.items() if value}
    if in_env_var_format:
        return {f"AIRFLOW_CTX_{key.upper()}": value for key, value in shown.items()}
    return {f"{DEFAULT_FORMAT_PREFIX}{key}": value for key, value in shown.items()}
