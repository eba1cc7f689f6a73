"""How tasks end, what is called of them on the way and what they leave: as real Airflow left it, in both dialects."""

from __future__ import annotations

import pytest

from tests.parity.ends import table


@pytest.mark.timeout(900)
@pytest.mark.parametrize("group", table.groups(), ids=lambda group: group.name)
def test_tasks_end_as_they_do_under_airflow(group, tmp_path):
    score = table.score(group, tmp_path / "airflow" / "example_dags")
    assert [f"{dag_id}.{difference}" for dag_id, difference in score.unexplained] == []
    assert sum(len(runs[0]["tasks"]) for runs in table.truth(group).values()) > 250
    assert table.known_in_vain(score) == []
