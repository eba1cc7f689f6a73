"""Which file models which top-level module, and which modules are known to exist and are not modelled."""

from __future__ import annotations

import sys

FILES: dict[str, str] = {
    "abc": "typing_", "airflow": "airflow.modules", "ast": "data", "base64": "digests", "bisect": "in_place",
    "builtins": "system",
    "calendar": "datetimes",
    "collections": "collections_",
    "configparser": "configparser_",
    "pkgutil": "system", "shlex": "plain", "statistics": "plain", "tomllib": "plain",
    "unicodedata": "plain", "uuid": "plain",
    "contextlib": "contextlib_", "copy": "functools_", "csv": "csv_", "dagfactory": "dagfactory",
    "dataclasses": "dataclasses_",
    "datetime": "datetimes", "dateutil": "dateutil_", "decimal": "numbers_", "fractions": "numbers_", "enum": "enum_",
    "environs": "environs_", "functools": "functools_",
    "docker": "docker_", "dotenv": "environment", "google": "google_",
    "glob": "paths", "hashlib": "digests", "heapq": "in_place",
    "html": "texts", "importlib": "system", "inspect": "inspect_", "io": "texts",
    "itertools": "itertools_", "jinja2": "jinja2_", "json": "data", "kubernetes": "kubernetes_",
    "kubernetes_client": "kubernetes_", "logging": "logging_", "math": "numbers_", "operator": "operator_",
    "os": "paths", "pathlib": "paths",
    "pprint": "plain",
    "packaging": "packaging_", "pendulum": "pendulum_", "pydantic": "pydantic_",
    "pydantic_settings": "pydantic_settings_", "pytz": "pytz_", "random": "in_place",
    "re": "texts", "string": "texts", "structlog": "logging_",
    "sys": "system", "tempfile": "tempfile_", "textwrap": "texts", "time": "datetimes", "typing": "typing_",
    "typing_extensions": "typing_",
    "__future__": "typing_", "types": "typing_", "urllib": "texts", "warnings": "logging_", "yaml": "yaml_",
    "zoneinfo": "datetimes", "six": "functools_", "loguru": "logging_",
}  # fmt: skip
"""Top-level module to the file beside this one."""

UNREAD: frozenset[str] = frozenset(sys.stdlib_module_names)
"""Modules that are there for sure, everything in which is Unknown where ``FILES`` does not name a model."""
