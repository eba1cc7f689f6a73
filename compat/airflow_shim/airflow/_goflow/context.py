"""The context of a task: what templates and callables are given under Airflow's names."""

import datetime as dt
from types import SimpleNamespace


def moment(text):
    """ISO text as a pendulum moment, made when somebody looks at it; None stays None."""
    if text is None:
        return None
    import pendulum

    return pendulum.instance(dt.datetime.fromisoformat(text)).in_timezone("UTC")


class DagRun:
    """The run."""

    def __init__(self, task_input):
        run = task_input["run"]
        self.dag_id, self.run_id = task_input["dag_id"], run["run_id"]
        self.run_type, self.conf = run["run_type"], run["conf"]
        self.external_trigger = run["run_type"] == "manual"
        self._run = run
        self.state = "running"
        self.note = None
        self.triggering_user_name = None

    def __getattr__(self, name):
        if name in {"logical_date", "execution_date"}:
            return moment(self._run["logical_date"])
        if name in {"data_interval_start", "data_interval_end", "run_after", "start_date", "queued_at"}:
            return moment(self._run[name])
        if name == "end_date":
            return None
        raise AttributeError(name)

    def __str__(self):
        return f"<DagRun {self.dag_id} @ {self.run_id}>"


class TaskInstance:
    """The task instance: asks the server through CLIENT."""

    def __init__(self, task_input, client, task):
        self._input = task_input
        self.client = client
        self.task = task
        self.dag_id, self.task_id, self.run_id = task_input["dag_id"], task_input["task_id"], task_input["run_id"]
        self.map_index, self.try_number = task_input["map_index"], task_input["try_number"]
        self.max_tries = task_input["max_tries"]
        self.state = "running"
        self.hostname = __import__("socket").gethostname()
        self.operator = task.task_type
        self.log_url = self.mark_success_url = ""
        self.rendered_map_index = None
        self.is_mapped = self.map_index >= 0

    @property
    def first_start(self):
        """When the first launch of this attempt began."""
        text = self._input["first_start"]
        return dt.datetime.fromisoformat(text) if text else None

    @property
    def start_date(self):
        """When the attempt began."""
        return moment(self._input["first_start"])

    @property
    def logical_date(self):
        """The run's."""
        return moment(self._input["run"]["logical_date"])

    execution_date = logical_date

    @property
    def key(self):
        """What names it."""
        return SimpleNamespace(dag_id=self.dag_id, task_id=self.task_id, run_id=self.run_id, map_index=self.map_index)

    def get_dagrun(self):
        """The run."""
        return DagRun(self._input)

    def get_template_context(self):
        """The current context."""
        from airflow._goflow.live import get_current_context

        return get_current_context()

    def xcom_push(self, key, value, execution_date=None, session=None):
        """Leave a result."""
        from airflow._goflow.values import encode, length_of

        self.client.report(xcoms=[{"key": key, "value": encode(value), "length": length_of(value)}])

    def xcom_pull(
        self, task_ids=None, dag_id=None, key="return_value", include_prior_dates=False, session=None, *,
        map_indexes=None, default=None, run_id=None,
    ):  # fmt: skip
        """Take results: one value for one task, a list for several or for a mapped one."""
        from airflow._goflow.values import decode

        is_one = task_ids is None or isinstance(task_ids, str)
        wanted = [self.task_id if task_ids is None else task_ids] if is_one else list(task_ids)
        found = []
        for task_id in wanted:
            index = map_indexes if isinstance(map_indexes, int) else None
            rows = self.client.xcoms(
                dag_id or self.dag_id, run_id or self.run_id, task_id, key, index, prior=include_prior_dates
            )
            if isinstance(map_indexes, list | tuple | range):
                rows = [row for row in rows if row["map_index"] in map_indexes]
            values = [decode(row["value"]) for row in rows]
            is_mapped = any(row["map_index"] >= 0 for row in rows) and index is None
            found.append((values, is_mapped))
        if is_one:
            values, is_mapped = found[0]
            return values if is_mapped else (values[0] if values else default)
        flat = []
        for values, is_mapped in found:
            flat += values if is_mapped else [values[0] if values else default]
        return flat

    def pull_for(self, context, operator, key, missing):
        """The result of OPERATOR as an argument of this task: of this copy where both are in one mapped group, the list
        of all copies' where it is mapped, else the value."""
        from airflow._goflow.values import decode

        rows = self.client.xcoms(self.dag_id, self.run_id, operator.task_id, key, None)
        lengths = self._input["upstream_map_lengths"]
        is_mapped = operator.task_id in lengths or any(row["map_index"] >= 0 for row in rows)
        if not is_mapped:
            return decode(rows[0]["value"]) if rows else missing
        if self._shares_group(operator):
            return next((decode(row["value"]) for row in rows if row["map_index"] == self.map_index), missing)
        return [decode(row["value"]) for row in rows]

    def _shares_group(self, operator):
        mine = self.task.task_group.mapped_ancestors() if self.task.task_group is not None else []
        other = operator.task_group.mapped_ancestors() if operator.task_group is not None else []
        return any(group in other for group in mine)

    def __str__(self):
        return f"<TaskInstance: {self.dag_id}.{self.task_id} {self.run_id}>"


class _Variables:
    def __init__(self, as_json):
        self._json = as_json

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        from airflow._goflow.live import Variable

        return Variable.get(name, deserialize_json=self._json)

    def get(self, name, default=None, **kwargs):
        """The Variable, or DEFAULT."""
        from airflow._goflow.live import Variable

        return Variable.get(name, default_var=kwargs.get("default_var", default), deserialize_json=self._json)


class _Connections:
    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        from airflow._goflow.live import BaseHook

        return BaseHook.get_connection(name)

    def get(self, name, default_conn=None):
        """The connection, or DEFAULT_CONN."""
        from airflow._goflow.exceptions import AirflowNotFoundException

        try:
            return getattr(self, name)
        except AirflowNotFoundException:
            return default_conn


class Context(dict):
    """A context whose moments are made when they are asked for: pendulum is slow to import, and few tasks look."""

    def __init__(self, known, lazy):
        super().__init__({**known, **dict.fromkeys(lazy)})
        self._lazy = lazy

    def __getitem__(self, key):
        make = self._lazy.pop(key, None)
        if make is not None:
            super().__setitem__(key, make())
        return super().__getitem__(key)

    def get(self, key, default=None):
        """The value, or DEFAULT."""
        return self[key] if key in self else default

    def items(self):
        """All, made."""
        for key in list(self._lazy):
            self[key]
        return super().items()

    def values(self):
        """All, made."""
        return [value for _, value in self.items()]

    def copy(self):
        """All, made, as a plain map."""
        return dict(self.items())


def build(task_input, client, task):
    """The context of TASK."""
    from airflow._goflow import macros
    from airflow._goflow.params import ParamsDict

    run, dag_run = task_input["run"], DagRun(task_input)
    ti = TaskInstance(task_input, client, task)
    params = ParamsDict({name: task.params.get_param(name) for name in task.params})
    for name, value in (run["conf"] or {}).items():
        if name in params or task_input["dialect"] == "airflow2":
            params[name] = value
    known = {
        "dag": task.dag,
        "task": task,
        "ti": ti,
        "task_instance": ti,
        "dag_run": dag_run,
        "run_id": run["run_id"],
        "params": params.dump(),
        "conf": __import__("airflow._goflow.live", fromlist=["conf"]).conf,
        "macros": macros,
        "var": SimpleNamespace(value=_Variables(False), json=_Variables(True)),
        "conn": _Connections(),
        "inlets": task.inlets,
        "outlets": task.outlets,
        "test_mode": False,
        "map_index_template": task.map_index_template,
        "expanded_ti_count": task_input["upstream_map_lengths"].get(task_input["task_id"]),
        "triggering_asset_events": {},
        "triggering_dataset_events": {},
        "inlet_events": {},
        "outlet_events": {},
        "templates_dict": None,
    }
    lazy = {name: (lambda name=name: moment(run[name])) for name in ("data_interval_start", "data_interval_end")}
    previous = run["prev_success"] or {}
    for name in ("data_interval_start", "data_interval_end", "start_date", "end_date"):
        lazy[f"prev_{name}_success"] = lambda name=name: moment(previous.get(name))
    known.update(_dates(task_input, task, lazy))
    return Context(known, lazy)


def _dates(task_input, task, lazy):
    """Names that go with the logical date; a run of Airflow 3's dialect without one has none of them."""
    text = task_input["run"]["logical_date"]
    if text is None and task_input["dialect"] == "airflow2":
        text = task_input["run"]["run_after"]
    if text is None:
        return {}
    at = dt.datetime.fromisoformat(text)
    lazy["logical_date"] = lambda: moment(text)
    if task_input["dialect"] == "airflow2":
        lazy["execution_date"] = lambda: moment(text)
        lazy["next_execution_date"] = lambda: moment(task_input["run"]["data_interval_end"])
        lazy["prev_execution_date"] = lambda: None
    ds = at.strftime("%Y-%m-%d")
    found = {
        "ds": ds,
        "ds_nodash": at.strftime("%Y%m%d"),
        "ts": at.isoformat(),
        "ts_nodash": at.strftime("%Y%m%dT%H%M%S"),
        "ts_nodash_with_tz": at.isoformat().replace("-", "").replace(":", ""),
        "task_instance_key_str": f"{task_input['dag_id']}__{task_input['task_id']}__{at.strftime('%Y%m%d')}",
    }
    if task_input["dialect"] == "airflow2":
        day = dt.timedelta(days=1)
        found["yesterday_ds"] = (at - day).strftime("%Y-%m-%d")
        found["tomorrow_ds"] = (at + day).strftime("%Y-%m-%d")
        found["yesterday_ds_nodash"] = (at - day).strftime("%Y%m%d")
        found["tomorrow_ds_nodash"] = (at + day).strftime("%Y%m%d")
    return found


__all__ = ["Context", "TaskInstance", "build", "moment"]
