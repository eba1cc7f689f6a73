"""Airflow's configuration, changed for a while."""

from __future__ import annotations

import os
from contextlib import contextmanager


@contextmanager
def conf_vars(overrides):
    """Give OVERRIDES, {(section, key): value}, to whatever reads the configuration inside the block."""
    names = {f"AIRFLOW__{section.upper()}__{key.upper()}": value for (section, key), value in overrides.items()}
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(names)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
