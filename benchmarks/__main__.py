"""`python -m benchmarks`: GoFlow and Airflow 3.3.2 side by side, as a table with ratios."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks import airflow_side, folder, goflow_side, starts
from benchmarks.figures import ALONE, MEASURES, PARTS, begun_figures
from benchmarks.generated import GENERATED, generated_folder
from benchmarks.machine import machine
from benchmarks.record import command, write_down
from benchmarks.room import room
from benchmarks.workloads import import_folder, task_folder

REPEATS = 3


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", choices=["airflow", "goflow"], help="measure one side alone")
    parser.add_argument(
        "--only-part", action="append", choices=PARTS, help="measure these parts alone; may be given more than once"
    )
    parser.add_argument("--backend", choices=["local", "kubernetes"], default="local", help="where GoFlow's tasks run")
    parser.add_argument("--repeats", type=int, default=REPEATS, help="runs of each DAG; their median counts")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    parser.add_argument("--record", action="store_true", help="put the table into docs/benchmarks.md")
    args = parser.parse_args()
    parts = args.only_part or PARTS
    side_by_side = [part for part in parts if part not in ALONE]
    if args.record and side_by_side and args.only_part:
        parser.error("--record puts the whole table into the page: measure all parts")
    if args.only != "airflow":
        _alone(parts, args.record)
    if not side_by_side:
        return 0
    sides: dict[str, dict[str, float]] = {}
    with room("bench") as work:
        folders = {
            "imports": import_folder(work / "import-dags"),
            "generated": generated_folder(work / "generated-dags", GENERATED),
            "runs": task_folder(work / "task-dags"),
        }
        wanted = {part: folders[part] for part in parts if part in folders}
        if args.only != "goflow" and wanted:
            sides["airflow"] = airflow_side.measure(wanted, work / "airflow", args.repeats)
            sides["airflow"] |= begun_figures(sides["airflow"])
        if args.only != "goflow" and "starts" in parts:
            sides.setdefault("airflow", {}).update(starts.airflow_figures(work / "starts-airflow", args.repeats))
        if args.only != "airflow":
            sides["goflow"] = goflow_side.measure(wanted, work / "goflow", args.repeats, args.backend)
            if "starts" in parts:
                sides["goflow"] |= starts.goflow_figures(work / "starts-goflow", args.repeats)
            if "folder" in parts:
                sides["goflow"] |= folder.measure(folders["imports"], work / "folder", args.repeats)
    print(f"{machine()}\n\n{table(sides)}")
    if args.record:
        write_down(args.backend, command("benchmarks"), machine(), table(sides))
    if args.json:
        args.json.write_text(json.dumps({"machine": machine(), "backend": args.backend, **sides}, indent=1) + "\n")
    return 0


def _alone(parts: Sequence[str], record_them: bool) -> None:
    """Those of PARTS that have a table of their own."""
    from benchmarks import kwok, scale  # the one loads a cluster's harness, the other an executor

    for part, measured in (("scale", scale.main), ("kwok", kwok.main)):
        if part in parts:
            measured(["--record"] if record_them else [])


def table(sides: dict[str, dict[str, float]]) -> str:
    """The figures as a Markdown table; the last column says how many times better GoFlow is."""
    lines = ["| measured | Airflow 3.3.2 | GoFlow | times better |", "|---|--:|--:|--:|"]
    for measure in MEASURES:
        figures = [sides.get(side, {}).get(measure.key) for side in ("airflow", "goflow")]
        if figures == [None, None]:
            continue
        ratio = ""
        if measure.compared and figures[0] and figures[1]:
            better = figures[1] / figures[0] if measure.more_is_better else figures[0] / figures[1]
            ratio = f"{better:.1f}"
        cells = ["" if figure is None else f"{rounded(figure)} {measure.unit}".strip() for figure in figures]
        lines.append(f"| {measure.title} | {cells[0]} | {cells[1]} | {ratio} |")
    return "\n".join(lines)


def rounded(figure: float) -> str:
    """Three significant digits, without an exponent."""
    return f"{figure:,.0f}" if figure >= 100 else f"{figure:.3g}"


if __name__ == "__main__":
    sys.exit(main())
