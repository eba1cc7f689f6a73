"""Params of DAGs and tasks."""


class Param:
    """A default and a JSON Schema."""

    def __init__(self, default=None, description=None, source=None, **kwargs):
        self.value = default
        self.description = description
        self.schema = kwargs.pop("schema", kwargs)

    def resolve(self, value=None, suppress_exception=False):
        """The value; VALUE wins over the default."""
        if value is not None:
            self.value = value
        return self.value

    def dump(self):
        """As a map."""
        return {"value": self.value, "description": self.description, "schema": self.schema}


class ParamsDict(dict):
    """Params by name; reading one gives its value."""

    def __init__(self, dict_obj=None, suppress_exception=False):
        super().__init__()
        for key, value in (dict_obj or {}).items():
            self[key] = value

    def __setitem__(self, key, value):
        super().__setitem__(key, value if isinstance(value, Param) else Param(value))

    def __getitem__(self, key):
        return super().__getitem__(key).resolve()

    def get(self, key, default=None):
        """The value, or DEFAULT."""
        return self[key] if key in self else default

    def get_param(self, key):
        """The Param itself."""
        return super().__getitem__(key)

    def dump(self):
        """Names to values."""
        return {key: self[key] for key in self}

    def items(self):
        """Pairs of names and values."""
        return self.dump().items()

    def values(self):
        """The values."""
        return self.dump().values()

    def update(self, other=(), **more):
        """Take over params of OTHER."""
        source = {key: other.get_param(key) for key in other} if isinstance(other, ParamsDict) else dict(other)
        for key, value in {**source, **more}.items():
            self[key] = value

    def validate(self):
        """Names to values."""
        return self.dump()


class DagParam:
    """``dag.param("name")``: resolved when the task runs."""

    def __init__(self, current_dag, name, default=None):
        self.name = name
        self.default = default

    def resolve(self, context):
        """The run's conf, else the DAG's param, else the default."""
        conf = context["dag_run"].conf or {}
        if self.name in conf:
            return conf[self.name]
        if self.default is not None:
            return self.default
        return context["params"][self.name]

    def iter_references(self):
        """No task."""
        return ()
