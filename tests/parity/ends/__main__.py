"""`python -m tests.parity.ends`: run how tasks end in Airflow, keep that, run it in GoFlow, and print the differences."""

from __future__ import annotations

import argparse
import sys

from tests.oracle.environments import cache_folder
from tests.parity.ends import table


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.parity.ends", description=__doc__)
    parser.add_argument("--group", action="append", help=f"of: {', '.join(group.name for group in table.groups())}")
    parser.add_argument("--retake", action="store_true", help="run them in Airflow anew")
    parser.add_argument("--record-only", action="store_true", help="do not run GoFlow")
    args = parser.parse_args()
    wrong = 0
    for group in table.groups():
        if args.group and group.name not in args.group:
            continue
        print(table.record(group, args.retake))
        if not args.record_only:
            score = table.score(group, group.folder, cache_folder() / "parity" / f"{group.name}.goflow-logs")
            print(f"{group.name}: {len(score.pairs)} differences, {len(score.unexplained)} of them not explained")
            print("\n".join(f"  {dag_id}.{difference}" for dag_id, difference in score.unexplained))
            wrong += len(score.unexplained)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
