"""Which provider packages are installed beside the shim, as they tell it themselves."""

_found = []


def infos():
    """What each installed provider package says of itself (its ``apache_airflow_provider`` entry point)."""
    if not _found:
        from importlib.metadata import entry_points

        _found.append([])
        for point in entry_points(group="apache_airflow_provider"):
            try:
                _found[0].append(point.load()())
            except Exception:
                continue
    return _found[0]


def decorator_path(kind):
    """The dotted name of ``@task.KIND`` in an installed provider, or None."""
    for info in infos():
        for told in info.get("task-decorators") or ():
            if told.get("name") == kind:
                return told["class-name"]
    return None


def hook_of(conn_type):
    """``(hook class, name of its connection argument)`` of a connection type. Raises AirflowException."""
    from airflow._goflow.exceptions import AirflowException
    from airflow._goflow.helpers import import_string

    if conn_type == "fs":
        from airflow._goflow.classes.hooks import FSHook

        return FSHook, "fs_conn_id"
    for info in infos():
        for told in info.get("connection-types") or ():
            if told.get("connection-type") == conn_type:
                hook = import_string(told["hook-class-name"])
                return hook, getattr(hook, "conn_name_attr", "conn_id")
    raise AirflowException(f'Unknown hook type "{conn_type}": no installed provider has it')
