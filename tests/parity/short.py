"""The short form, for `make test`: some of the examples, held against what Airflow left when `make parity` ran last."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.parity import goflow_side
from tests.parity.examples import Group, make_folder
from tests.parity.outcomes import Difference, OwnWords, differences

RECORDED = Path(__file__).with_name("short.json")


def write(group: Group, files: Mapping[str, str], truth: Mapping[str, list[Any]], words: OwnWords) -> None:
    """Record what Airflow left of the group's short list: by DAG id the file, and the runs."""
    document = {dag_id: {"file": files[dag_id], "runs": words.airflow(truth[dag_id])} for dag_id in group.short}
    RECORDED.write_text(json.dumps(document, indent=1, sort_keys=True) + "\n")


def run(group: Group, folder: Path) -> dict[str, list[Difference]]:
    """Run the short list by GoFlow in the new DAG folder FOLDER; the differences of each DAG that has some."""
    recorded = json.loads(RECORDED.read_text())
    make_folder(group, folder, {entry["file"] for entry in recorded.values()})
    found = goflow_side.outcomes(group, folder, list(recorded))
    words = OwnWords(group, folder)
    compared = {dag_id: differences(entry["runs"], words.goflow(found[dag_id])) for dag_id, entry in recorded.items()}
    return {dag_id: different for dag_id, different in compared.items() if different}
