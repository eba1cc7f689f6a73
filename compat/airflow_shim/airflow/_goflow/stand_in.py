"""Stand-ins for what is not here: classes of packages that are not installed, and Airflow's own inner parts.

They can be mentioned, made and wired while a file is imported, since the task at hand may be another one; used for
real, they fail in words. Provider names are mapped to their distributions.
"""

_made = {}
_NAMESPACES = {"apache", "atlassian", "cncf", "common", "dbt", "microsoft"}
"""First words of providers whose names have two."""
_PROBED = {"resolve", "iter_references", "template_fields", "task_id", "serialize", "roots", "leaves", "isoformat"}
"""Names that are looked for on anything that stands among a task's arguments."""
_IDENTITY_DECORATORS = {"deprecated", "poke_mode_only", "cached_property", "hookimpl"}


def package_of(module):
    """The distribution that has MODULE."""
    if not module.startswith("airflow.providers."):
        return "apache-airflow"
    words = module.split(".")[2:]
    return "apache-airflow-providers-" + "-".join(words[: 2 if words[0] in _NAMESPACES else 1])


def message_for(module, name):
    """The words of the failure."""
    if module.startswith("airflow.providers."):
        return f"No module named {module!r}: {name} needs {package_of(module)}, which is not in this task's image"
    if module.startswith("kubernetes"):
        return f"No module named 'kubernetes': {name} needs the package kubernetes, which is not in this task's image"
    return f"{module}.{name} is not available here: tasks run without Airflow and its database"


def stand_in(module, name):
    """What stands for ``module.name``; the same object each time."""
    key = (module, name)
    if key not in _made:
        _made[key] = _make(module, name)
    return _made[key]


def _make(module, name):
    message = message_for(module, name)
    if module.startswith("kubernetes"):
        if name.endswith(("Error", "Exception")):
            return type(name, (Exception,), {"__module__": module})
        if name.startswith(("V1", "V2")):
            return type(name, (Model,), {"__module__": module})
    if name.endswith(("Operator", "Sensor", "SensorAsync", "OperatorAsync")):
        return _operator(module, name, message)
    if name in _IDENTITY_DECORATORS:
        return lambda function=None, *_, **__: function if callable(function) else (lambda inner: inner)
    if name[:1].islower():
        return _function(module, name, message)
    return MissingType(name, (Missing,), {"__module__": module, "_message": message})


def _operator(module, name, message):
    from airflow._goflow.operator import BASE_ARGUMENTS, BaseOperator
    from airflow._goflow.world import World

    known = World.template_fields.get(f"{module}.{name}")

    def __init__(self, **kwargs):
        own = {key: value for key, value in kwargs.items() if key not in BASE_ARGUMENTS}
        self.__dict__.update(own)
        BaseOperator.__init__(self, **{key: value for key, value in kwargs.items() if key in BASE_ARGUMENTS})
        if known is None and not self.template_fields:
            self.template_fields = tuple(own)  # results among them make edges

    def execute(self, context):
        raise ModuleNotFoundError(message)

    return type(BaseOperator)(
        name,
        (BaseOperator,),
        {"__init__": __init__, "execute": execute, "__module__": module, "is_stand_in": True,
         "template_fields": tuple(known or ())},
    )  # fmt: skip


def _function(module, name, message):
    def missing(*args, **kwargs):
        raise ModuleNotFoundError(message)

    missing.__name__ = missing.__qualname__ = name
    missing.__module__ = module
    return missing


class Model:
    """A model of the Kubernetes client: it holds what it was made with, and None for the rest."""

    def __init__(self, **kwargs):
        self.__dict__.update(kwargs)

    def __getattr__(self, name):
        if name.startswith("_") or name in _PROBED:
            raise AttributeError(name)
        return

    def __eq__(self, other):
        return type(self) is type(other) and self.__dict__ == other.__dict__

    __hash__ = None

    def __repr__(self):
        return f"{type(self).__name__}({', '.join(f'{key}={value!r}' for key, value in self.__dict__.items())})"


class MissingType(type):
    """Class attributes of what is missing: mentioned while a file is imported, and no more."""

    def __getattr__(cls, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return Missing(name)

    def __iter__(cls):
        return iter(())

    def __or__(cls, other):
        return cls

    __ror__ = __or__


class Missing(metaclass=MissingType):
    """Anything else that is missing: made without complaint, since a file may only mention it."""

    _message = "it is not in this task's image"

    def __init__(self, *args, **kwargs):
        self._arguments = args, kwargs

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__()

    def __class_getitem__(cls, item):
        return cls

    def __call__(self, *args, **kwargs):
        raise ModuleNotFoundError(self._message)

    def __getattr__(self, name):
        if name.startswith("__") or name in _PROBED:
            raise AttributeError(name)
        raise ModuleNotFoundError(self._message)
