"""``python -m tests.fuzz --seconds N``: programs and mutated files for so long; what fails is made small and stored."""

from __future__ import annotations

import argparse
import collections
import hashlib
import sys
import time
from pathlib import Path

from tests.fuzz.differential import Differential, differential
from tests.fuzz.programs import HEAD, compiles, program
from tests.fuzz.shrinking import shrunk_program

FOUND = Path(__file__).parent / "regressions"


def fuzz_programs(held: Differential, seeds: range, until: float, seen: collections.Counter[str]) -> tuple[int, int]:
    """Hold the programs of SEEDS against Python until the time is over: (how many, how many failed)."""
    count = failed = 0
    for seed in seeds:
        if time.monotonic() > until:
            break
        count += 1
        pieces = program(seed)
        verdict = held.check(HEAD + "".join(pieces))
        seen["known"] += verdict.known
        seen["unknown"] += verdict.unknown
        for reason in verdict.reasons:
            seen[f"because of {reason}"] += 1
        if verdict.faults:
            failed += 1
            tell(held, seed, pieces)
    return count, failed


def tell(held: Differential, seed: int, pieces: list[str]) -> None:
    """Make it small, print it and store it."""
    small = shrunk_program(pieces, lambda text: compiles(text) and bool(held.check(HEAD + text).faults))
    faults = held.check(HEAD + small).faults
    print(f"--- seed {seed}: {faults[0]}\n{small}", flush=True)
    name = hashlib.sha256(small.encode()).hexdigest()[:10]
    (FOUND / f"found_{name}.txt").write_text(HEAD + small)


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0, help="the first seed")
    given = parser.parse_args()
    FOUND.mkdir(exist_ok=True)
    seen: collections.Counter[str] = collections.Counter()
    with differential() as held:
        until = time.monotonic() + given.seconds
        count, failed = fuzz_programs(held, range(given.seed, given.seed + 10**9), until, seen)
    print(f"{count} programs, {failed} failed; {seen.pop('known', 0)} values known, {seen.pop('unknown', 0)} not")
    for words, number in seen.most_common(25):
        print(f"  {number:6} {words}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
