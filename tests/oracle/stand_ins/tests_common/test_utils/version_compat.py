"""Which Airflow this is."""

from __future__ import annotations

from airflow import __version__
from packaging.version import Version

_HERE = Version(__version__)
AIRFLOW_V_3_0_PLUS = (_HERE.major, _HERE.minor) >= (3, 0)
AIRFLOW_V_3_1_PLUS = (_HERE.major, _HERE.minor) >= (3, 1)
