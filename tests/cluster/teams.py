"""The images of teams that the tests build: the Containerfiles of docs/images.md, word for word, and one with Airflow."""

from __future__ import annotations

import re
from pathlib import Path

from tests.cluster.harness.images import RUNNER
from tests.cluster.harness.layout import REPOSITORY
from tests.cluster.harness.team_images import TeamImage
from tests.oracle.environments import AIRFLOW_3

IMAGES = Path(__file__).parent / "images"
_PAGE = REPOSITORY / "docs" / "images.md"
_DERIVED, _OWN = re.findall(r"```dockerfile\n(.*?)```", _PAGE.read_text(), re.DOTALL)


def _base_of(containerfile: str) -> str:
    return containerfile.split()[1]


def _given(name: str) -> str:
    return (IMAGES / name / "Containerfile").read_text()


#: Built from the runner's image: the Kubernetes provider, and a package of the team's own.
PROVIDERS = TeamImage(
    name="team-providers",
    containerfile=_DERIVED,
    context=IMAGES / "team",
    sources=("requirements.txt", "orders"),
    pins=IMAGES / "team" / "requirements.txt",
    base=RUNNER,
    base_name=_base_of(_DERIVED),
)
#: An image of the team's own, with the runner and the shim put into it.
ETL = TeamImage(
    name="team-etl",
    containerfile=_OWN,
    context=REPOSITORY,
    sources=("compat/runner", "compat/airflow_shim"),
    base=TeamImage("team-etl-before", _given("etl"), IMAGES / "etl", ("etl_tools.py",)),
    base_name=_base_of(_OWN),
)
#: Airflow itself, and nothing of GoFlow's.
AIRFLOW = TeamImage("airflow", _given("airflow"), AIRFLOW_3.pins.parent, (AIRFLOW_3.pins.name,), pins=AIRFLOW_3.pins)

ALL = (PROVIDERS, ETL, AIRFLOW)
