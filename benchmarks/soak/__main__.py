"""Have GoFlow work for hours, real ones or virtual ones, and say of each quantity whether it grows.

    python -m benchmarks.soak --real-minutes 60 [--record]
    python -m benchmarks.soak --virtual-hours 12 [--record]
    python -m benchmarks.soak --from FILE [--record]

It ends with 1 where something grows. `--to FILE` keeps what was seen, `--from FILE` judges that again, and `--record`
puts the verdict and its picture into docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmarks.machine import machine
from benchmarks.plots import FOLDER, draw
from benchmarks.record import write_down
from benchmarks.room import room
from benchmarks.soak import real, virtual
from benchmarks.soak.samples import Notebook, read
from benchmarks.soak.verdict import judge, panels, table


def main() -> int:
    """Work, look on, judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    kinds = parser.add_mutually_exclusive_group(required=True)
    kinds.add_argument("--real-minutes", type=float, help="minutes of a real daemon's work")
    kinds.add_argument("--virtual-hours", type=float, help="hours by a clock that is turned")
    kinds.add_argument("--from", dest="given", type=Path, metavar="FILE", help="judge what was seen before")
    parser.add_argument("--to", type=Path, metavar="FILE", help="keep what is seen there")
    parser.add_argument("--record", action="store_true", help="put the verdict into docs/benchmarks.md")
    args = parser.parse_args()
    with room("soak") as work:
        seen = args.given or args.to or work / "samples.jsonl"
        if args.real_minutes:
            about = {"command": f"python -m benchmarks.soak --real-minutes {args.real_minutes:g}"}
            real.soak(args.real_minutes, work, Notebook(seen, {"kind": "real", "machine": machine(), **about}))
        elif args.virtual_hours:
            about = {"command": f"python -m benchmarks.soak --virtual-hours {args.virtual_hours:g}"}
            virtual.soak(args.virtual_hours, work, Notebook(seen, {"kind": "virtual", "machine": machine(), **about}))
        about, samples = read(seen)
    judged = judge(samples)
    kind = str(about["kind"])
    done = f"{samples[-1]['made']:,.0f} task instances were made in {samples[-1]['hours'] * 60:,.0f} {kind} minutes."
    print(f"{about['machine']}\n\n{table(judged)}\n\n{done}")
    if args.record:
        picture = FOLDER / f"soak-{kind}.svg"
        draw(picture, panels(samples), columns=2)
        text = f"{table(judged)}\n\n{done}\n\n![each quantity over the time](plots/{picture.name})"
        command = str(about.get("command", "python -m benchmarks.soak"))
        write_down(f"soak {kind}", command, str(about["machine"]), text)
    return 0 if all(one.holds for one in judged) else 1


if __name__ == "__main__":
    sys.exit(main())
