"""`python -m tests.oracle`: commands that need the real Apache Airflow."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from tests.oracle import asset_runs, connections
from tests.oracle.corpus import FOLDERS
from tests.oracle.environments import AIRFLOW_3_PROVIDERS, RELEASES, environment, write_pins
from tests.oracle.fidelity import fidelity
from tests.oracle.rendering.record import record as record_rendering
from tests.oracle.serde.record import record as record_serde
from tests.oracle.states import record
from tests.oracle.truth import truth
from tests.oracle.wheels import wheel_folder


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.oracle", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("install", help="install every release of Airflow that the others need, and stop")
    commands.add_parser("pin", help="write down what those installations hold, for later ones")
    score = commands.add_parser(
        "fidelity", help="hold `goflow export` of Airflow's example DAGs against Airflow's own reading"
    )
    score.add_argument("folder", nargs="*", help=f"of: {', '.join(f.name for f in FOLDERS)} (default: all)")
    score.add_argument("--show", type=int, default=30, metavar="N", help="how many faults to print for each folder")
    one = commands.add_parser("truth", help="print what Airflow's DagBag sees in a folder")
    one.add_argument("folder", type=Path)
    one.add_argument("--airflow", type=int, choices=[r.dialect for r in RELEASES], default=3)
    commands.add_parser("states", help="run Airflow's example DAGs in a real Airflow and record how they end")
    commands.add_parser(
        "rendering", help="render the table of templates in the real Airflows and record what comes out"
    )
    commands.add_parser("serde", help="record what the real Airflows make of a table of results")
    commands.add_parser("assets", help="record what events of assets begin in the real Airflows, and what tasks see")
    commands.add_parser("connections", help="record what real Airflow makes of connections as URIs and as JSON")
    commands.add_parser("wheels", help="download what the examples install at run time; print the folder")
    args = parser.parse_args()
    if args.command == "fidelity" and (unknown := set(args.folder) - {folder.name for folder in FOLDERS}):
        parser.error(f"there is no folder {', '.join(sorted(unknown))}")
    if args.command == "fidelity":
        return fidelity(args.folder, args.show)
    if args.command == "truth":
        release = next(r for r in RELEASES if r.dialect == args.airflow)
        sys.stdout.write(truth(release, args.folder.resolve()).read_text())
    if args.command == "states":
        print(record())
    if args.command == "rendering":
        print(*record_rendering(), sep="\n")
    if args.command == "serde":
        print(*record_serde(), sep="\n")
    if args.command == "connections":
        print(connections.record())
    if args.command == "assets":
        print(*asset_runs.record(), sep="\n")
    if args.command == "wheels":
        print(wheel_folder())
    if args.command == "install":
        for release in (*RELEASES, AIRFLOW_3_PROVIDERS):
            print(environment(release).root)
    if args.command == "pin":
        for release in RELEASES:
            print(write_pins(release))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except subprocess.CalledProcessError as problem:  # its own words are on standard error already
        sys.exit(f"{' '.join(map(str, problem.cmd))} ended with {problem.returncode}")
