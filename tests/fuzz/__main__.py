"""``python -m tests.fuzz --seconds N``: programs and mutated files for so long; what fails is made small and stored."""

from __future__ import annotations

import argparse
import collections
import hashlib
import sys
import time
from pathlib import Path

from tests.fuzz.differential import Differential, differential
from tests.fuzz.mutated import Ran, all_files, cases, own_files, reader, small
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


def fuzz_files(seeds: range, until: float) -> tuple[int, int, int]:
    """Read changed real files until the time is over: how many, how many were run as well, and how many failed."""
    count = failed = 0
    of_all, own = all_files(), own_files()
    ran = Ran()
    try:
        with reader() as read:
            for seed in seeds:
                if time.monotonic() > until:
                    break
                [case] = cases(of_all if seed % 2 else own, [seed])
                count += 1
                for shows in (read.faults, ran.faults if case.may_run else None):
                    if shows is not None and (faults := shows(case)):
                        failed += 1
                        print(f"--- {case.name}: {faults[0]}", flush=True)
                        content = small(case, shows)
                        name = hashlib.sha256(content).hexdigest()[:10]
                        (FOUND / "mutated" / f"found_{name}.txt").write_bytes(content)
                        break
    finally:
        ran.accounts.end()
    return count, ran.compared, failed


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
    parser.add_argument("--only", choices=("programs", "files"), help="all the time for these")
    given = parser.parse_args()
    share = 0.5 if given.only is None else 1
    seeds = range(given.seed, given.seed + 10**9)
    wrong = 0
    if given.only != "programs":
        until = time.monotonic() + given.seconds * share
        count, compared, wrong = fuzz_files(seeds, until)
        print(f"{count} changed files, {compared} of them run as well; {wrong} failed", flush=True)
    if given.only == "files":
        return 1 if wrong else 0
    FOUND.mkdir(exist_ok=True)
    seen: collections.Counter[str] = collections.Counter()
    with differential() as held:
        until = time.monotonic() + given.seconds * share
        count, failed = fuzz_programs(held, seeds, until, seen)
    print(f"{count} programs, {failed} failed; {seen.pop('known', 0)} values known, {seen.pop('unknown', 0)} not")
    for words, number in seen.most_common(25):
        print(f"  {number:6} {words}")
    return 1 if failed or wrong else 0


if __name__ == "__main__":
    sys.exit(main())
