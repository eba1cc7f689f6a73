"""Have GoFlow work for hours, real ones or virtual ones, and say of each quantity whether it grows.

python -m benchmarks.soak --real-minutes 60
python -m benchmarks.soak --virtual-hours 12
python -m benchmarks.soak --from FILE --record
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks.__main__ import machine
from benchmarks.soak import real, virtual
from benchmarks.soak.samples import Notebook


def main() -> int:
    """Work, look on, judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--real-minutes", type=float, help="minutes of a real daemon's work")
    parser.add_argument("--virtual-hours", type=float, help="hours by a clock that is turned")
    parser.add_argument("--to", type=Path, help="where the samples go")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="goflow-soak-") as place:
        work = Path(place)
        work.chmod(0o755)  # PostgreSQL's own user has its folder below
        to = args.to or work / "samples.jsonl"
        if args.real_minutes:
            real.soak(args.real_minutes, work, Notebook(to, {"kind": "real", "machine": machine()}))
        if args.virtual_hours:
            virtual.soak(args.virtual_hours, work, Notebook(to, {"kind": "virtual", "machine": machine()}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
