"""Teams: Airflow's answers and bodies have a field for them, GoFlow knows none."""

from __future__ import annotations

from pydantic import AfterValidator


def _refused(name: str | None) -> None:
    if name is not None:
        raise ValueError("team_name cannot be set: there are no teams. Please contact your administrator.")


no_team = AfterValidator(_refused)
"""Refuses any team, as Airflow does without ``multi_team``."""
