"""Marks that provider packages put on functions which other packages may call: `airflow.providers.common.compat`'s."""

import functools


def hookimpl(function=None, **kwargs):
    """Mark a listener; nothing calls listeners in a task's container."""
    return function if function is not None else hookimpl


def require_provider_version(provider_name, provider_min_version):
    """Let a function run only where PROVIDER_NAME is installed in that version or a later one; else it raises
    AirflowOptionalProviderFeatureException."""
    return _requiring({provider_name: provider_min_version})


def require_openlineage_version(provider_min_version=None, client_min_version=None):
    """The same for the OpenLineage provider and its client. Raises ValueError where neither is asked for."""
    if callable(provider_min_version):
        raise TypeError("require_openlineage_version needs a version to ask for")
    if provider_min_version is None and client_min_version is None:
        raise ValueError("require_openlineage_version needs a version to ask for")
    return _requiring(
        {"apache-airflow-providers-openlineage": provider_min_version, "openlineage-python": client_min_version}
    )


def _requiring(versions):
    def decorator(function):
        @functools.wraps(function)
        def wrapper(*args, **kwargs):
            for name, version in versions.items():
                if version:
                    _require(name, version, function.__name__)
            return function(*args, **kwargs)

        return wrapper

    return decorator


def _require(name, version, function):
    from importlib import metadata

    from airflow._goflow.exceptions import AirflowOptionalProviderFeatureException

    try:
        found = metadata.version(name)
    except metadata.PackageNotFoundError:
        raise AirflowOptionalProviderFeatureException(f"{function} needs {name}, which is not installed") from None
    if _numbers(found) < _numbers(version):
        raise AirflowOptionalProviderFeatureException(f"{function} needs {name} {version}, and {found} is installed")


def _numbers(version):
    import re

    return [int(number) for number in re.match(r"[\d.]*", version)[0].split(".") if number]
