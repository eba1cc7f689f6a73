"""Some of the examples, held against what Airflow left when `make parity` ran last: for `make test`, which runs no Airflow.

One sample is run on the local backend (`Group.short`), one in the cluster (`Group.in_cluster`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.parity import goflow_side
from tests.parity.backends import LOCAL, Backend
from tests.parity.examples import Group, make_folder
from tests.parity.outcomes import Difference, OwnWords, differences

RECORDED = Path(__file__).with_name("recorded.json")


def write(group: Group, files: Mapping[str, str], truth: Mapping[str, list[Any]], words: OwnWords) -> None:
    """Record what Airflow left of the group's samples: by DAG id the file, and the runs."""
    dag_ids = sorted({*group.short, *group.in_cluster})
    document = {dag_id: {"file": files[dag_id], "runs": words.airflow(truth[dag_id])} for dag_id in dag_ids}
    RECORDED.write_text(json.dumps(document, indent=1, sort_keys=True) + "\n")


def run(
    group: Group, folder: Path, dag_ids: Sequence[str], backend: Backend = LOCAL, logs: Path | None = None
) -> tuple[dict[str, list[Any]], dict[str, list[Difference]]]:
    """Run DAG_IDS of the recorded ones by GoFlow in the new DAG folder FOLDER: what it left of each, and where that
    differs."""
    every = json.loads(RECORDED.read_text())
    recorded = {dag_id: every[dag_id] for dag_id in dag_ids}
    make_folder(group, folder, {entry["file"] for entry in recorded.values()})
    found = goflow_side.outcomes(group, folder, list(recorded), logs, backend)
    words = OwnWords(group, folder, backend)
    return found, {
        dag_id: differences(entry["runs"], words.goflow(found[dag_id])) for dag_id, entry in recorded.items()
    }
