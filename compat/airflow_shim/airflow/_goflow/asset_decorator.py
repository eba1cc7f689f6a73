"""``@asset``: a function that makes an asset, as a DAG of one task."""

from airflow._goflow.assets import Asset, AssetAll
from airflow._goflow.classes.python import PythonOperator
from airflow._goflow.signatures import parameters_of

_NOT_INLETS = ("self", "context", "outlet_events")


class _AssetMainOperator(PythonOperator):
    """The task of ``@asset``: its function's parameters are assets, the context or a default."""

    def __init__(self, *, definition_name, uri=None, **kwargs):
        super().__init__(**kwargs)
        self._definition_name = definition_name

    def _is_alone(self):
        """Whether the definition is one asset, and so the task's only outlet."""
        return isinstance(self.outlets[0], AssetDefinition)

    def determine_kwargs(self, context):
        """An argument for each parameter: assets are those that the server knows by that name."""
        from airflow._goflow.asset_events import resolved

        found = parameters_of(self.python_callable)
        given = {
            "self": Asset(self._definition_name, self.outlets[0].uri if self._is_alone() else None),
            "context": context,
            "outlet_events": context["outlet_events"],
        }
        return {
            name: found.defaults[name]
            if name in found.defaults
            else given[name]
            if name in given
            else resolved(Asset.ref(name=name))
            for name in found.names
        }


def _task_of(definition, function, outlets):
    if getattr(function, "_airflow_is_task_decorator", False):
        if "outlets" in function.kwargs:
            raise TypeError("@task decorator with 'outlets' argument is not supported in @asset")
        function.kwargs["outlets"] = outlets
        function()
        return
    found = parameters_of(function)
    if found.takes_any or found.takes_any_keyword:
        raise TypeError("wildcards are not supported in @asset")
    inlets = [Asset.ref(name=name) for name in found.required if name not in _NOT_INLETS]
    _AssetMainOperator(
        task_id=function.__name__, inlets=inlets, outlets=outlets, python_callable=function,
        definition_name=definition.name,
    )  # fmt: skip


class AssetDefinition(Asset):
    """What ``@asset`` gives: the asset."""


class MultiAssetDefinition(AssetAll):
    """What ``@asset.multi`` gives: all of the assets."""

    def __init__(self, name, objects):
        super().__init__(*objects)
        self.name = name


class _DagOptions:
    _NAMES = ("is_paused_upon_creation", "description", "params", "on_success_callback", "on_failure_callback",
              "access_control", "owner_links", "tags")  # fmt: skip

    def __init__(self, *, schedule, dag_id=None, dag_display_name=None, **options):
        self.schedule, self.dag_id, self.dag_display_name = schedule, dag_id, dag_display_name
        self.options = {name: options.pop(name) for name in self._NAMES if name in options}
        self.more = options

    def _dag(self, default):
        from airflow._goflow.dag import DAG

        dag_id = self.dag_id or default
        return DAG(dag_id, schedule=self.schedule, catchup=False, dag_display_name=self.dag_display_name or dag_id,
                   auto_register=True, **self.options)  # fmt: skip


class asset(_DagOptions):
    """``@asset``."""

    class multi(_DagOptions):
        """``@asset.multi``."""

        def __call__(self, f):
            outlets = list(self.more.get("outlets") or ())
            if not outlets:
                raise ValueError("no outlets provided")
            made = MultiAssetDefinition(f.__name__, outlets)
            with self._dag(f.__name__):
                _task_of(made, f, outlets)
            return made

    def __call__(self, f):
        name = self.more.get("name") or f.__name__
        uri = self.more.get("uri")
        more = {key: self.more[key] for key in ("group", "extra", "watchers", "access_control") if key in self.more}
        made = AssetDefinition(name, name if uri is None else str(uri), **more)
        with self._dag(name):
            _task_of(made, f, [made])
        return made
