"""Stand-ins for classes of packages that are not installed: they can be made and wired, and fail when they are run."""


def stand_in(module, name):
    """A class NAME that says which package is missing when it is used for real."""
    package = module
    if module.startswith("airflow.providers."):
        words = module.split(".")[2:]
        cut = next((n for n, w in enumerate(words) if w in {"operators", "sensors", "hooks", "transfers"}), 1)
        package = "apache-airflow-providers-" + "-".join(words[:cut])
    message = f"{module}.{name} is not in this task's image: install {package} into it"
    if name.endswith(("Operator", "Sensor", "Sensors")):
        from airflow._goflow.operator import BaseOperator

        def __init__(self, **kwargs):
            from airflow._goflow.operator import BASE_ARGUMENTS

            for key, value in kwargs.items():
                if key not in BASE_ARGUMENTS:
                    setattr(self, key, value)
            BaseOperator.__init__(self, **{key: kwargs[key] for key in kwargs if key in BASE_ARGUMENTS})

        def execute(self, context):
            raise ModuleNotFoundError(message)

        return type(name, (BaseOperator,), {"__init__": __init__, "execute": execute, "__module__": module})
    return MissingType(name, (Missing,), {"__module__": module, "_message": message})


class MissingType(type):
    """Class attributes of what is missing: mentioned while a file is imported, and no more."""

    def __getattr__(cls, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return Missing()


class Missing(metaclass=MissingType):
    """Anything else that is missing: made without complaint, since a file may only mention it."""

    _message = ""

    def __init__(self, *args, **kwargs):
        self.arguments = args, kwargs

    def __call__(self, *args, **kwargs):
        raise ModuleNotFoundError(self._message)

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        raise ModuleNotFoundError(self._message)
