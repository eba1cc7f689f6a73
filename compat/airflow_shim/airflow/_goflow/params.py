"""Params of DAGs and tasks: defaults with a JSON Schema, and how a run's conf overrides them."""

from collections.abc import ItemsView, MutableMapping, ValuesView

from airflow._goflow.exceptions import ParamValidationError
from airflow._goflow.words import NOTSET


class Param:
    """A default value and its JSON Schema (all further arguments)."""

    def __init__(self, default=NOTSET, description=None, source=None, **kwargs):
        if default is not NOTSET:
            self._check_json(default)
        self.value = default
        self.description = description
        self.schema = kwargs.pop("schema") if "schema" in kwargs else kwargs
        self.source = source

    def __copy__(self):
        return Param(self.value, self.description, self.source, schema=self.schema)

    def __eq__(self, other):
        return isinstance(other, Param) and (self.value, self.schema) == (other.value, other.schema)

    __hash__ = None

    @staticmethod
    def _check_json(value):
        import json

        try:
            json.dumps(value)
        except Exception:
            raise ParamValidationError(
                f"All provided parameters must be json-serializable. The value '{value}' is not serializable."
            ) from None

    def resolve(self, value=NOTSET, suppress_exception=False):
        """The value, VALUE over the default, once it fits the schema.

        Raises ParamValidationError (with SUPPRESS_EXCEPTION the answer is None instead). The schema is checked where
        the package jsonschema is installed; the server has checked the run's conf already.
        """
        if value is not NOTSET:
            self._check_json(value)
        final = self.value if value is NOTSET else value
        if final is NOTSET:
            if suppress_exception:
                return None
            raise ParamValidationError("No value passed and Param has no default value")
        problem = _schema_problem(final, self.schema) if self.schema else None
        if problem is not None:
            if suppress_exception:
                return None
            raise ParamValidationError(problem)
        self.value = final
        return final

    @property
    def has_value(self):
        """Whether there is a default that is not None."""
        return self.value is not NOTSET and self.value is not None

    def dump(self):
        """As a map."""
        value = None if self.value is NOTSET else self.value
        return {"__class": "airflow.sdk.definitions.param.Param", "value": value, "description": self.description,
                "schema": self.schema, "source": self.source}  # fmt: skip

    def serialize(self):
        """As a map."""
        return {name: found for name, found in self.dump().items() if name != "__class"}


def _schema_problem(value, schema):
    try:
        import jsonschema
    except ImportError:
        return None
    try:
        jsonschema.validate(value, schema, format_checker=jsonschema.FormatChecker())
    except jsonschema.ValidationError as problem:
        return problem
    return None


class ParamsDict(MutableMapping):
    """Params by name; reading one gives its value."""

    def __init__(self, dict_obj=None, suppress_exception=False):
        items = dict_obj._params if isinstance(dict_obj, ParamsDict) else dict(dict_obj or {})
        self._params = {key: value if isinstance(value, Param) else Param(value) for key, value in items.items()}
        self.suppress_exception = suppress_exception

    def __bool__(self):
        return bool(self._params)

    def __eq__(self, other):
        if isinstance(other, ParamsDict):
            return self.dump() == other.dump()
        return self.dump() == other if isinstance(other, dict) else NotImplemented

    __hash__ = None

    def __copy__(self):
        return ParamsDict(self, self.suppress_exception)

    copy = __copy__

    def __contains__(self, key):
        return key in self._params

    def __len__(self):
        return len(self._params)

    def __iter__(self):
        return iter(self._params)

    def __repr__(self):
        return repr(self.dump())

    def __delitem__(self, key):
        del self._params[key]

    def __getitem__(self, key):
        return self._params[key].resolve(suppress_exception=self.suppress_exception)

    def __setitem__(self, key, value):
        if isinstance(value, Param):
            self._params[key] = value
        elif key in self._params:
            known = self._params[key].__copy__()
            try:
                known.resolve(value=value, suppress_exception=self.suppress_exception)
            except ParamValidationError as problem:
                raise ParamValidationError(f"Invalid input for param {key}: {problem}") from None
            self._params[key] = known
        else:
            self._params[key] = Param(value)

    def get_param(self, key):
        """The Param itself."""
        return self._params[key]

    def items(self):
        """Names and Params."""
        return ItemsView(self._params)

    def values(self):
        """Params."""
        return ValuesView(self._params)

    def update(self, *args, **kwargs):
        """Take over what others have."""
        if len(args) == 1 and not kwargs and isinstance(args[0], ParamsDict):
            self._params.update(args[0]._params)
        else:
            super().update(*args, **kwargs)

    def with_values(self, values):
        """Another one whose params have those of VALUES that go by their names."""
        made = ParamsDict(suppress_exception=self.suppress_exception)
        for key, param in self._params.items():
            made._params[key] = known = param.__copy__()
            known.value = values.get(key, known.value)
        return made

    def dump(self):
        """Names to values, None for what has none."""
        return {key: param.resolve(suppress_exception=True) for key, param in self._params.items()}

    def validate(self):
        """Names to values. Raises ParamValidationError."""
        found = {}
        for key, param in self._params.items():
            try:
                found[key] = param.resolve(suppress_exception=self.suppress_exception)
            except ParamValidationError as problem:
                raise ParamValidationError(f"Invalid input for param {key}: {problem}") from None
        return found

    def serialize(self):
        """Names to values."""
        return self.dump()


class DagParam:
    """``dag.param("name")``: resolved when the task runs."""

    def __init__(self, current_dag, name, default=NOTSET):
        if default is not NOTSET:
            current_dag.params[name] = default
        self.current_dag = current_dag
        self._name, self._default = name, default

    def iter_references(self):
        """No task."""
        return ()

    def resolve(self, context):
        """The run's conf, else the default, else the DAG's param. Raises RuntimeError where there is none."""
        conf = context["dag_run"].conf
        if conf and self._name in conf:
            return conf[self._name]
        if self._default is not NOTSET:
            return self._default
        if self._name in context["params"]:
            return context["params"][self._name]
        raise RuntimeError(f"No value could be resolved for parameter {self._name}")


def process_params(dag, task, dagrun_conf, *, suppress_exception=False):
    """The values of DAG's params, those of TASK over them, those of the run's conf over all."""
    params = ParamsDict(suppress_exception=suppress_exception)
    if dag is not None:
        params.update(dag.params)
    if task.params:
        params.update(task.params if isinstance(task.params, ParamsDict) else ParamsDict(task.params))
    conf = dagrun_conf if isinstance(dagrun_conf, dict) else getattr(dagrun_conf, "conf", None)
    if conf:
        params.update(conf)
    return params.validate()
