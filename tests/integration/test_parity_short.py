"""Some of Airflow's examples leave under GoFlow what they leave under Airflow: states, results, rendered fields."""

from __future__ import annotations

import pytest

from tests.parity import samples
from tests.parity.examples import groups


@pytest.mark.timeout(300)
def test_examples_leave_what_they_leave_under_airflow(tmp_path):
    group = next(group for group in groups() if group.short)
    _, found = samples.run(group, tmp_path / "airflow" / "example_dags", group.short)
    assert {dag_id: [str(one) for one in different] for dag_id, different in found.items() if different} == {}
