"""Rendering a task's fields with Jinja, as Airflow does: nested values, files, native objects, the author's macros."""

MARKS = ("{{", "{%", "{#")


def environment(dag):
    """The Jinja environment of DAG, made once."""
    made = dag.__dict__.get("_jinja") if dag is not None else None
    if made is not None:
        return made
    import jinja2
    import jinja2.nativetypes
    import jinja2.sandbox

    class Native(jinja2.nativetypes.NativeEnvironment):
        pass

    native = dag is not None and dag.render_template_as_native_obj
    kind = Native if native else jinja2.sandbox.SandboxedEnvironment
    folders = []
    if dag is not None:
        folders = [*(dag.template_searchpath or []), dag.folder]
    options = {
        "loader": jinja2.FileSystemLoader(folders),
        "undefined": (dag.template_undefined if dag is not None else None) or jinja2.StrictUndefined,
        "extensions": ["jinja2.ext.do"],
        "cache_size": 0,
        **((dag.jinja_environment_kwargs or {}) if dag is not None else {}),
    }
    made = kind(**options)
    made.filters.update(FILTERS)
    if dag is not None:
        made.globals.update(dag.user_defined_macros or {})
        made.filters.update(dag.user_defined_filters or {})
        dag.__dict__["_jinja"] = made
    return made


def render_fields(task, context):
    """Render the fields of TASK in place, results in them taken first."""
    jinja = None
    for name in task.template_fields:
        value = getattr(task, name, None)
        if value is None or value == "":
            continue
        if jinja is None and needs_jinja(value, task):
            jinja = environment(task.dag)
        setattr(task, name, render(value, context, jinja, task))


def needs_jinja(value, task):
    """Whether VALUE holds a template or names a file of templates; nothing is imported for others."""
    if isinstance(value, str):
        return any(mark in value for mark in MARKS) or value.endswith(tuple(task.template_ext or ()))
    if isinstance(value, dict):
        return any(needs_jinja(inner, task) for inner in value.values())
    if isinstance(value, list | tuple | set):
        return any(needs_jinja(inner, task) for inner in value)
    return hasattr(value, "template_fields")


def render(value, context, jinja, task):
    """VALUE rendered."""
    from airflow._goflow.params import DagParam
    from airflow._goflow.xcom_arg import XComArg

    if isinstance(value, str):
        if jinja is None:
            return value
        if task is not None and value.endswith(tuple(task.template_ext or ())) and task.template_ext:
            return _rendered(jinja.get_template(value), context, jinja)
        return _rendered(jinja.from_string(value), context, jinja) if any(m in value for m in MARKS) else value
    if isinstance(value, XComArg | DagParam):
        return value.resolve(context)
    if type(value) is dict:
        return {key: render(inner, context, jinja, task) for key, inner in value.items()}
    if type(value) in {list, set}:
        return type(value)(render(inner, context, jinja, task) for inner in value)
    if isinstance(value, tuple):
        inner = [render(inner, context, jinja, task) for inner in value]
        return type(value)(*inner) if hasattr(value, "_fields") else tuple(inner)
    nested = getattr(value, "template_fields", None)
    if nested and not isinstance(value, type):
        for name in nested:
            setattr(value, name, render(getattr(value, name, None), context, jinja, task))
    return value


def _rendered(template, context, jinja):
    import jinja2.nativetypes

    if isinstance(jinja, jinja2.nativetypes.NativeEnvironment):
        return jinja2.nativetypes.native_concat(
            template.root_render_func(template.new_context(dict(context), shared=False))
        )
    return template.render(context)


def _filter(form):
    return lambda moment: None if moment is None else form(moment)


FILTERS = {
    "ds": _filter(lambda moment: moment.strftime("%Y-%m-%d")),
    "ds_nodash": _filter(lambda moment: moment.strftime("%Y%m%d")),
    "ts": _filter(lambda moment: moment.isoformat()),
    "ts_nodash": _filter(lambda moment: moment.strftime("%Y%m%dT%H%M%S")),
    "ts_nodash_with_tz": _filter(lambda moment: moment.isoformat().replace("-", "").replace(":", "")),
}

__all__ = ["environment", "needs_jinja", "render", "render_fields"]
