"""`python -m tests.chaos`: the long form. It joins the test cluster, or brings it up."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.chaos.storm import Course, run
from tests.cluster.fixtures import choose_cluster
from tests.cluster.harness import ensure_images, images


def main() -> int:
    """Run the storm; 1 when something was lost, doubled or stuck."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--minutes", type=float, default=90.0, help="the storm lasts no longer")
    parser.add_argument("--kills", type=int, default=1000, help="it ends when the daemon was killed so often")
    parser.add_argument("--seed", type=int, default=1, help="what chance begins with")
    parser.add_argument("--away", type=float, default=30.0, help="seconds that the daemon is away, when it is")
    parser.add_argument("--life", type=float, default=5.0, help="seconds that a daemon lives at most once it answers")
    parser.add_argument("--daemons", type=int, default=1, help="several share a PostgreSQL, and one of them is killed")
    parser.add_argument("--runs", type=int, default=6, help="runs that are open at the same time")
    parser.add_argument("--settle", type=float, default=240.0, help="seconds that everything has to end, afterwards")
    parser.add_argument("--folder", type=Path, help="where what happened is written down; default: a new one")
    given = parser.parse_args()
    folder = given.folder or Path(tempfile.mkdtemp(prefix="goflow-chaos-"))
    print(f"what happens is written down in {folder}", flush=True)
    course = Course(
        minutes=given.minutes,
        kills=given.kills,
        seed=given.seed,
        at_once=given.runs,
        longest_life_s=given.life,
        away_s=given.away,
        settle_s=given.settle,
        daemons=given.daemons,
    )
    cluster = choose_cluster()
    with cluster:
        ensure_images(cluster, images.RUNNER)
        told = run(cluster, folder, course)
    print(told.text(), flush=True)
    return 1 if told.problems else 0


if __name__ == "__main__":
    sys.exit(main())
