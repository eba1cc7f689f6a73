"""Airflow's Jinja environments: sandboxed or native, its filters, the author's macros. Imported when needed."""

import jinja2
import jinja2.nativetypes
import jinja2.sandbox


def _filter(form):
    return lambda value: None if value is None else form(value)


FILTERS = {
    "ds": _filter(lambda value: value.strftime("%Y-%m-%d")),
    "ds_nodash": _filter(lambda value: value.strftime("%Y%m%d")),
    "ts": _filter(lambda value: value.isoformat()),
    "ts_nodash": _filter(lambda value: value.strftime("%Y%m%dT%H%M%S")),
    "ts_nodash_with_tz": _filter(lambda value: value.isoformat().replace("-", "").replace(":", "")),
}


class _AirflowFilters:
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.filters.update(FILTERS)

    def is_safe_attribute(self, obj, attr, value):
        """Names that begin with one underscore are allowed, Python's own inner ones are not."""
        return not jinja2.sandbox.is_internal_attribute(obj, attr)


class NativeEnvironment(_AirflowFilters, jinja2.nativetypes.NativeEnvironment):
    """Renders to Python objects."""


class SandboxedEnvironment(_AirflowFilters, jinja2.sandbox.SandboxedEnvironment):
    """Renders to text."""


def environment(*, native=False, searchpath=(), undefined=None, options=None, macros=None, filters=None):
    """An environment that finds files in SEARCHPATH."""
    arguments = {"undefined": undefined or jinja2.StrictUndefined, "extensions": ["jinja2.ext.do"], "cache_size": 0}
    if searchpath:
        arguments["loader"] = jinja2.FileSystemLoader(list(searchpath))
    arguments.update(options or {})
    made = (NativeEnvironment if native else SandboxedEnvironment)(**arguments)
    made.globals.update(macros or {})
    made.filters.update(filters or {})
    return made


def of_dag(dag, *, native):
    """The environment of a DAG: its folder first, then its search path."""
    search = dag.template_searchpath or ()
    return environment(
        native=native,
        searchpath=[dag.folder, *([search] if isinstance(search, str) else search)],
        undefined=dag.template_undefined,
        options=dag.jinja_environment_kwargs,
        macros=dag.user_defined_macros,
        filters=dag.user_defined_filters,
    )


def render(template, context, *, native=False):
    """TEMPLATE rendered with CONTEXT, whose values are looked up one by one, so that lazy ones stay so; to an object
    where NATIVE."""
    env = template.environment
    found = context
    if template.globals:
        found = _Under(context, template.globals)
    try:
        nodes = template.root_render_func(env.context_class(env, found, template.name, template.blocks))
        if native:
            return jinja2.nativetypes.native_concat(nodes)
        return "".join(nodes)
    except Exception:
        env.handle_exception()


class _Under(dict):
    """A context with the environment's globals below it."""

    def __init__(self, context, names):
        super().__init__()
        self._context, self._names = context, names

    def __contains__(self, key):
        return key in self._context or key in self._names

    def __getitem__(self, key):
        return self._context[key] if key in self._context else self._names[key]

    def __iter__(self):
        return iter({**dict.fromkeys(self._names), **dict.fromkeys(self._context)})

    def __len__(self):
        return len(list(iter(self)))

    def get(self, key, default=None):
        """The value, or DEFAULT."""
        return self[key] if key in self else default

    def keys(self):
        """All names."""
        return list(self)

    def items(self):
        """All pairs."""
        return [(key, self[key]) for key in self]

    def values(self):
        """All values."""
        return [self[key] for key in self]

    def copy(self):
        """A plain map of all."""
        return dict(self.items())
