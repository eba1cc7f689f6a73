"""Assets: named things that tasks make and DAGs wait for. Here they only hold their words."""


class _Condition:
    def __and__(self, other):
        return AssetAll(self, other)

    def __or__(self, other):
        return AssetAny(self, other)


class Asset(_Condition):
    """A name and a URI."""

    def __init__(self, name=None, uri=None, *, group="asset", extra=None, watchers=None, **kwargs):
        self.name = name or uri
        self.uri = uri or name
        self.group = group
        self.extra = extra or {}
        self.watchers = watchers or []

    @staticmethod
    def ref(*, name="", uri=""):
        """An asset by name or URI."""
        return AssetRef(name=name, uri=uri)

    def __eq__(self, other):
        return isinstance(other, Asset) and (self.name, self.uri) == (other.name, other.uri)

    def __hash__(self):
        return hash((self.name, self.uri))

    def __repr__(self):
        return f"Asset(name={self.name!r}, uri={self.uri!r})"


class Dataset(Asset):
    """Airflow 2's word for it."""

    def __init__(self, uri, extra=None, **kwargs):
        super().__init__(name=uri, uri=uri, extra=extra)


class AssetAlias(_Condition):
    """A name that tasks give assets at run time."""

    def __init__(self, name, *, group="asset"):
        self.name = name
        self.group = group


DatasetAlias = AssetAlias


class AssetRef(_Condition):
    """An asset by name or URI."""

    def __init__(self, **kwargs):
        self.__dict__.update(kwargs)


class AssetAll(_Condition):
    """All of several."""

    def __init__(self, *objects):
        self.objects = list(objects)


class AssetAny(AssetAll):
    """Any of several."""


class AssetWatcher:
    """A trigger that watches an asset."""

    def __init__(self, name, trigger=None):
        self.name = name
        self.trigger = trigger


class AssetEvent:
    """Something that happened to an asset."""


class Metadata:
    """What a task says of an asset."""

    def __init__(self, asset, extra=None, alias=None):
        self.asset, self.extra, self.alias = asset, extra or {}, alias


class asset:
    """``@asset``: a DAG of one task that makes it."""

    def __init__(self, *, schedule=None, uri=None, dag_id=None, **kwargs):
        self.schedule, self.uri, self.dag_id, self.kwargs = schedule, uri, dag_id, kwargs

    def __call__(self, function):
        from airflow._goflow.dag import DAG
        from airflow._goflow.python_operators import AssetOperator

        name = function.__name__
        made = Asset(name=self.kwargs.get("name", name), uri=self.uri)
        with DAG(dag_id=self.dag_id or name, schedule=self.schedule, auto_register=True):
            AssetOperator(task_id=name, python_callable=function, outlets=[made])
        return made

    @staticmethod
    def multi(**kwargs):
        """``@asset.multi``."""

        def decorate(function):
            from airflow._goflow.dag import DAG
            from airflow._goflow.python_operators import AssetOperator

            name = function.__name__
            with DAG(dag_id=kwargs.get("dag_id") or name, schedule=kwargs.get("schedule"), auto_register=True):
                AssetOperator(task_id=name, python_callable=function, outlets=kwargs.get("outlets", []))
            return function

        return decorate
