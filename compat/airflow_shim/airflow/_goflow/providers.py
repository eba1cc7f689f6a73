"""Which provider packages are installed beside the shim, as they tell it themselves."""

import collections
import collections.abc

ProviderInfo = collections.namedtuple("ProviderInfo", ["version", "data"])
HookInfo = collections.namedtuple(
    "HookInfo",
    ["hook_class_name", "connection_id_attribute_name", "package_name", "hook_name", "connection_type",
     "connection_testable", "dialects"],
    defaults=([],),
)  # fmt: skip
DialectInfo = collections.namedtuple("DialectInfo", ["name", "dialect_class_name", "provider_name"])
_found = []


def _installed():
    """``{distribution: ProviderInfo}``: what each installed provider package says of itself (its
    ``apache_airflow_provider`` entry point). One that cannot say it is left out."""
    if not _found:
        from importlib.metadata import entry_points

        told = {}
        for point in entry_points(group="apache_airflow_provider"):
            try:
                info = point.load()()
            except Exception:
                continue
            told[info.get("package-name", point.dist.name)] = ProviderInfo(point.dist.version, info)
        _found.append(told)
    return _found[0]


def infos():
    """What each installed provider package says of itself."""
    return [info.data for info in _installed().values()]


def settings(section):
    """The defaults of the settings of SECTION that installed provider packages bring, as texts."""
    return {
        key: str(told["default"])
        for info in infos()
        for key, told in ((info.get("config") or {}).get(section) or {}).get("options", {}).items()
        if told.get("default") is not None
    }


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


class Hooks(collections.abc.Mapping):
    """Connection type to HookInfo; a hook is imported when it is asked for, and None where that fails."""

    def __init__(self, providers):
        self._told = {
            told["connection-type"]: (package, told["hook-class-name"])
            for package, info in providers.items()
            for told in info.data.get("connection-types") or ()
        }

    def __getitem__(self, conn_type):
        from airflow._goflow.helpers import import_string

        package, path = self._told[conn_type]
        try:
            hook = import_string(path)
        except ImportError:
            return None
        return HookInfo(
            path, getattr(hook, "conn_name_attr", "conn_id"), package, getattr(hook, "hook_name", conn_type), conn_type,
            hasattr(hook, "test_connection"),
        )  # fmt: skip

    def __iter__(self):
        return iter(self._told)

    def __len__(self):
        return len(self._told)


class ProvidersManager:
    """What installed providers have, as provider packages themselves ask for it: their versions, hooks, SQL dialects
    and message queues."""

    def initialize_providers_list(self):
        """Nothing: all is looked up when it is asked for."""

    initialize_providers_hooks = initialize_providers_queues = initialize_providers_list

    @property
    def providers(self):
        """Distribution to ProviderInfo, in the order of their names."""
        return dict(sorted(_installed().items()))

    @property
    def hooks(self):
        """Connection type to HookInfo."""
        return Hooks(self.providers)

    @property
    def dialects(self):
        """Name to DialectInfo."""
        return {
            told["dialect-type"]: DialectInfo(told["dialect-type"], told["dialect-class-name"], package)
            for package, info in self.providers.items()
            for told in info.data.get("dialects") or ()
        }

    @property
    def queue_class_names(self):
        """The classes of message queues, sorted."""
        return sorted(name for info in self.providers.values() for name in info.data.get("queues") or ())


ProvidersManagerTaskRuntime = ProvidersManager
