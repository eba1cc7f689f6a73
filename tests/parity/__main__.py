"""`python -m tests.parity`: run the example DAGs in Airflow and in GoFlow, and write docs/parity.md."""

from __future__ import annotations

import argparse
import sys
from fnmatch import fnmatchcase

from tests.oracle.environments import AIRFLOW_3, cache_folder, environment
from tests.parity import airflow_side, goflow_side, in_cluster, report, samples
from tests.parity.backends import LOCAL, Local
from tests.parity.examples import Group, groups, make_folder
from tests.parity.outcomes import OwnWords, differences


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.parity", description=__doc__)
    parser.add_argument("--group", action="append", help=f"of: {', '.join(group.name for group in groups())}")
    parser.add_argument("--dag", action="append", help="patterns of DAG ids: only these, and the page is not written")
    parser.add_argument("--retake", action="store_true", help="run them in Airflow anew")
    parser.add_argument(
        "--backend", choices=("local", "kubernetes"), default="local", help="kubernetes: the cluster's sample"
    )
    parser.add_argument("--runtime", choices=("shim", "airflow"), default="shim", help="what the tasks run on")
    args = parser.parse_args()
    airflow = args.runtime == "airflow"
    if args.backend == "kubernetes":
        group = next(group for group in groups() if group.in_cluster)
        return in_cluster.main(group, cache_folder() / "parity" / "in-cluster.goflow-logs", airflow)
    wanted = [group for group in groups() if group.release.dialect == 3 or not airflow]
    backend = Local(environment(AIRFLOW_3).python) if airflow else LOCAL
    scores = [
        _score(group, args.dag, args.retake, backend)
        for group in wanted if not args.group or group.name in args.group
    ]  # fmt: skip
    for score in scores:
        print("\n".join(score.lines()))
    if not args.dag and not args.group and not airflow:
        print(report.write(scores))
    return 0 if all(score.good for score in scores) else 1


def _score(group: Group, patterns: list[str] | None, retake: bool, backend: Local) -> report.Score:
    make_folder(group, group.folder)
    there = airflow_side.dags(group)
    run = [dag_id for dag_id in there if dag_id not in group.left_out]
    if patterns:
        run = _with_causes(group, [d for d in run if any(fnmatchcase(d, pattern) for pattern in patterns)])
    words = OwnWords(group, group.folder, backend)
    truth = airflow_side.truth(group, run, retake)
    if not patterns and group.short:
        samples.write(group, there, truth, words)
    logs = cache_folder() / "parity" / f"{group.name}.goflow-logs"
    found = goflow_side.outcomes(group, group.folder, run, logs, backend)
    compared = {dag_id: differences(words.airflow(truth[dag_id]), words.goflow(found[dag_id])) for dag_id in run}
    return report.Score(group, compared, there)


def _with_causes(group: Group, dag_ids: list[str]) -> list[str]:
    for dag_id in dag_ids:  # which grows
        dag_ids += [cause for cause in group.entry(dag_id)["after"] if cause not in dag_ids]
    return dag_ids


if __name__ == "__main__":
    sys.exit(main())
