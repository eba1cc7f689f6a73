"""The scores, and docs/parity.md."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from tests.parity.examples import Group
from tests.parity.outcomes import Difference

PAGE = Path(__file__).parents[2] / "docs" / "parity.md"
EQUAL_AT_LEAST = 0.97
LEFT_OUT_AT_MOST = 0.10


@dataclass(frozen=True)
class Compared:
    """DAGs of one group that were run. FOUND: the differences of each."""

    group: Group
    found: dict[str, list[Difference]]

    @property
    def equal(self) -> list[str]:
        return [dag_id for dag_id, differences in self.found.items() if not differences]

    @property
    def pairs(self) -> list[tuple[str, Difference]]:
        """Every difference, with its DAG's id."""
        return [(dag_id, difference) for dag_id, all_ in self.found.items() for difference in all_]

    def why(self, dag_id: str, difference: Difference) -> str | None:
        """The committed explanation of a difference."""
        known = self.group.explained.get(dag_id, {})
        return next((why for pattern, why in known.items() if fnmatchcase(difference.place, pattern)), None)

    @property
    def unexplained(self) -> list[tuple[str, Difference]]:
        return [(dag_id, difference) for dag_id, difference in self.pairs if self.why(dag_id, difference) is None]


@dataclass(frozen=True)
class ClusterScore(Compared):
    """How the cluster's sample went. JOBS: how many were made for it; SECONDS: from the daemon's start to the last end;
    AIRFLOW: whether with ``runtime: airflow``."""

    jobs: int
    seconds: float
    airflow: bool = False

    @property
    def title(self) -> str:
        """Of its part of the page."""
        return "In a cluster, in an Airflow image" if self.airflow else "In a cluster"

    @property
    def good(self) -> bool:
        return not self.unexplained

    def lines(self) -> list[str]:
        """For the terminal."""
        head = f"{self.title.lower()}: {len(self.equal)} of {len(self.found)} DAGs equal, {self.jobs} Jobs in {self.seconds:.0f} s"
        return [head] + [f"  {dag_id}.{difference}" for dag_id, difference in self.unexplained]


@dataclass(frozen=True)
class Score(Compared):
    """How one group went. THERE: every DAG and its file."""

    there: dict[str, str]

    @property
    def good(self) -> bool:
        left_out = len(self.group.left_out) / len(self.there)
        return (
            len(self.equal) >= EQUAL_AT_LEAST * len(self.found)
            and left_out <= LEFT_OUT_AT_MOST
            and not self.unexplained
        )

    def lines(self) -> list[str]:
        """For the terminal."""
        out = [
            f"{self.group.name}: {len(self.equal)} of {len(self.found)} DAGs equal, {len(self.group.left_out)} left out"
            f" of {len(self.there)}; {len(self.unexplained)} differences not explained"
        ]
        return out + [f"  {dag_id}.{difference}" for dag_id, difference in self.unexplained]


_PARTS = "\n## In a cluster"
"""How each part of the page begins that `write_cluster` writes."""


def write(scores: list[Score]) -> Path:
    """Write the page, but for the parts that `write_cluster` writes: those stay."""
    _, *parts = _divided()
    PAGE.write_text("\n".join(_page(scores)) + "\n" + "".join(parts))
    return PAGE


def write_cluster(score: ClusterScore) -> Path:
    """Write the page's part about the cluster that this score is of."""
    head, *parts = _divided()
    others = [part for part in parts if not part.startswith(f"\n## {score.title}\n")]
    PAGE.write_text(head + "".join(sorted([*others, "\n" + "\n".join(_in_cluster(score)) + "\n"], key=_heading)))
    return PAGE


def _divided() -> list[str]:
    """The page as it is: what `write` writes, and each part that `write_cluster` writes."""
    head, *parts = (PAGE.read_text() if PAGE.exists() else "").split(_PARTS)
    return [head, *(_PARTS + part for part in parts)]


def _heading(part: str) -> str:
    return part.split("\n")[1]


def _in_cluster(score: ClusterScore) -> list[str]:
    command = "make parity-airflow" if score.airflow else "make parity-cluster"
    where = (
        [
            "cluster with `runtime: airflow`, in an image with Airflow from PyPI and nothing of GoFlow,",
            "and held against",
        ]
        if score.airflow
        else ["cluster and held against"]
    )
    tested = "some of them" if score.airflow else "them"
    out = [
        f"## {score.title}",
        "",
        f"Made by `{command}` on {dt.datetime.now(dt.UTC).date().isoformat()}. Of the examples of",
        f"{_title(score.group)}, {len(score.found)} DAGs, chosen by kind, are run by GoFlow as Jobs in the test",
        *where[:-1],
        f"{where[-1]} the same record of Airflow's run, with all that is compared above: {len(score.equal)} of {len(score.found)} are",
        f"equal; {score.jobs} Jobs took {score.seconds:.0f} s on two cores. `make test` runs {tested} as well.",
        "",
        "| DAG | for the sake of | |",
        "|---|---|---|",
    ]
    for dag_id, different in score.found.items():
        out.append(f"| `{dag_id}` | {score.group.in_cluster[dag_id]} | {'differs' if different else 'equal'} |")
    if score.pairs:
        out.append("")
    for dag_id, difference in score.pairs:
        out.append(f"* `{dag_id}`, {difference.place}: {score.why(dag_id, difference) or 'not explained yet'}")
    return out


def _page(scores: list[Score]) -> list[str]:
    out = [
        "# Outcome parity",
        "",
        f"Made by `make parity` on {dt.datetime.now(dt.UTC).date().isoformat()}. Every example DAG that comes with Airflow",
        "and its standard provider, and needs no service of the internet, is run once by Airflow (scheduler and",
        "LocalExecutor) and once by GoFlow (local backend), with the same logical date and conf and `random` seeded alike.",
        "Compared are the run's state, conf and data interval, and for every task instance its state, attempts, rendered",
        "fields, results (XComs, among them what a branch skips) and the name of a mapped copy. The files are the ones in the",
        "installed packages, not a character changed.",
        "",
        "| examples of | DAGs | left out | run | equal | share |",
        "|---|---|---|---|---|---|",
    ]
    for score in scores:
        run, equal = len(score.found), len(score.equal)
        out.append(
            f"| {_title(score.group)} | {len(score.there)} | {len(score.group.left_out)} | {run} | {equal} | {equal / run:.1%} |"
        )
    out += ["", "## Differences", ""]
    for score in scores:
        for dag_id, difference in score.pairs:
            why = score.why(dag_id, difference) or "not explained yet"
            out.append(f"* {score.group.name}, `{dag_id}`, {difference.place}: {why}")
    if out[-1] == "":
        out.append("None.")
    out += ["", "## Left out", ""]
    out += [
        f"* {score.group.name}, `{dag_id}`: {why}" for score in scores for dag_id, why in score.group.left_out.items()
    ]
    out += ["", "## Not compared", ""]
    out += [
        "* The addresses of Airflow's own pages, which Airflow 3 keeps as results (`_link_...`).",
        "* Paths of each side's own: Python, DAG folder, AIRFLOW_HOME, temporary files; addresses of objects in memory.",
        "* Moments of the clock: those in ISO 8601 after the month of the run's logical date, and what `date` and `stat` print.",
        "* The order in which a branch tells what it follows, which Airflow takes from a set.",
        "* What Airflow never rendered: rendered fields and attempts of tasks that it marks without a process.",
        "* Runs by schedule: GoFlow makes them beside the runs by hand, Airflow is told to make none.",
    ]
    return out


def _title(group: Group) -> str:
    return f"Airflow {group.release.version}" + (" and its standard provider" if len(group.parts) > 1 else "")
