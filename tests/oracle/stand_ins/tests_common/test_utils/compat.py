"""Operators that have moved between releases."""

from __future__ import annotations

from airflow.providers.standard.operators.empty import EmptyOperator

__all__ = ["EmptyOperator"]
