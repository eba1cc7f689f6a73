"""docs/fidelity.md: the scores, and everything that is not right, for people to read."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

from tests.oracle.environments import AIRFLOW_2, AIRFLOW_3, AIRFLOW_3_PROVIDERS
from tests.oracle.scores import COLUMNS, TARGETS, Score, shortfalls
from tests.oracle.truth import REPOSITORY

PAGE = REPOSITORY / "docs" / "fidelity.md"
_MOST_PLACES = 3

_HEAD = """# How truly DAG files are read

`make fidelity` holds `goflow export` against what Airflow's own DagBag sees in the same files, and writes this page. It
fetches the files from PyPI into the tests' cache: the example DAGs of Airflow 1.10.15, 2.11.2 and 3.3.2 and of the standard
provider, and the example DAGs and `tests/system` of {providers} provider packages as their source distributions have them, at the
versions in `tests/oracle/pins`. The truth comes from Airflow {v2} (for 1.10.15 too, whose example DAGs it mostly imports) and
{v3}, the providers installed. Nothing is executed by GoFlow, and its sandbox is off.

Made on {day} by `make fidelity`. The first run of a day asks Airflow, which takes some ten minutes on two cores; after that
the truth of the day is kept.

A DAG is right in *structure* when its tasks, their operators, groups, mapping and edges are; in *behaviour* when everything
is that decides when and how its tasks run; in *fields* when every template field and argument is; in *everything* when all
three are. An *unknown* is a value of which GoFlow says, with line and reason, that only run time tells it; it does not count
as right. WRONG is a value that is another one than Airflow's. `unknown` and `WRONG` count values, the others DAGs.

Targets: {targets}; no value wrong. `more` are the example DAGs of other providers, which
have no target of their own. Some values cannot be right: what Airflow sees is the moment of its own reading to the
microsecond; the reasons below say which.

A DAG is *invented* where GoFlow sees one that Airflow does not.
"""
_CORRECTION = """
## What is compared

The judge is `compare.py` of the oracle, and the truth its `airflow_snapshot.py`, with one correction in `tests/oracle/snapshot.py`:
the script gives the metaclass of operators a `__call__`, and from then on Airflow does not see which default arguments a mapped
TaskFlow task may take. Airflow without the script keeps them (seen in 2.11.2 and 3.3.2), and so does the truth here.

The system tests import helpers from `tests_common`, which is in no package: `tests/oracle/stand_ins` stands in for it on both
sides, and `tests/oracle/inputs.json` gives both the same environment variables. GoFlow is told besides what
`goflow.yaml` can say of the tasks' containers: where their Python is (`python`; files ask for `sys.executable`), and which
modules they do not have (`absent_modules`): the truth's environment is asked for each one that a file imports under a `try`.

When the runs of a timetable class of the author's own begin (`next_runs`) is found by evaluating its `next_dagrun_info` as
everything else in the file is; nothing of it runs. When such a class is followed, a helper that has its code is asked for it
(`docs/scheduling.md`).
"""


def write(
    scores: Mapping[str, Sequence[Score]], totals: Mapping[str, Sequence[Score]], left_out: Mapping[str, Counter[str]]
) -> None:
    """Write the page: SCORES and TOTALS by run, the errors of files that Airflow could not import by folder."""
    PAGE.write_text("\n".join(_page(scores, totals, left_out)) + "\n", "utf-8")


def _page(
    scores: Mapping[str, Sequence[Score]], totals: Mapping[str, Sequence[Score]], left_out: Mapping[str, Counter[str]]
) -> Iterator[str]:
    providers = sum(
        line.startswith("apache-airflow-providers-") for line in AIRFLOW_3_PROVIDERS.pins.read_text().splitlines()
    )
    told = "; ".join(
        f"{kind}: " + ", ".join(f"{share:.0%} in {level}" for level, share in of.items())
        for kind, of in TARGETS.items()
        if of
    )
    yield _HEAD.format(
        providers=providers,
        v2=AIRFLOW_2.version,
        v3=AIRFLOW_3.version,
        day=dt.datetime.now(dt.UTC).date(),
        targets=told,
    )
    for run, words in (
        ("set", "The dialect set for the folder"),
        ("inferred", "The dialect inferred from the folder's files, 3 where nothing in them tells"),
    ):
        yield f"## {words}\n"
        yield from _table([*totals[run], *scores[run]])
        short = [words for whole in totals[run] for words in shortfalls(whole)]
        yield (
            "\n"
            + ("\n".join(f"* Below the target: {words}" for words in short) if short else "Every target is reached.")
            + "\n"
        )
    yield from _unknowns(scores["set"])
    yield from _wrong(scores)
    yield "\n## Files that Airflow itself could not import\n\nThey count nowhere.\n"
    for folder, errors in left_out.items():
        if errors:
            yield f"* {folder}: {sum(errors.values())} files. Most often: " + "; ".join(
                f"`{error[:110]}` ({count})" for error, count in errors.most_common(_MOST_PLACES)
            )
    yield _CORRECTION.rstrip()


def _table(scores: Sequence[Score]) -> Iterator[str]:
    yield "| " + " | ".join(COLUMNS) + " |"
    yield "|---|" + "---:|" * (len(COLUMNS) - 1)
    for score in scores:
        yield "| " + " | ".join(score.cells()) + " |"


def _unknowns(scores: Sequence[Score]) -> Iterator[str]:
    """Every reason for which something is unknown, with how many values and where; examples one by one."""
    yield "## What is unknown, and why (dialect set)\n"
    for kind in TARGETS:
        places: dict[str, list[str]] = defaultdict(list)
        for score in scores:
            for fault in score.faults:
                if score.kind == kind and fault.what.startswith("unknown"):
                    for reason in fault.reasons():
                        places[reason].append(f"`{fault.where}` ({fault.what.removeprefix('unknown ')})")
        yield f"### {kind}\n"
        yield "| reason | values | where |\n|---|---:|---|"
        for reason, found in sorted(places.items(), key=lambda entry: (-len(entry[1]), entry[0])):
            shown = list(dict.fromkeys(found)) if kind == "examples" else list(dict.fromkeys(found))[:_MOST_PLACES]
            more = "" if len(shown) == len(set(found)) else ", …"
            yield f"| {_cell(reason)} | {len(found)} | {', '.join(shown)}{more} |"
        yield ""


def _wrong(scores: Mapping[str, Sequence[Score]]) -> Iterator[str]:
    yield "## What is wrong, missed or invented\n"
    any_found = False
    for run, of_run in scores.items():
        for score in of_run:
            for fault in score.faults:
                if not fault.what.startswith("unknown"):
                    any_found = True
                    yield f"* dialect {run}, {score.name}: `{fault.where}`: {fault.what}"
    if not any_found:
        yield "Nothing."


def _cell(words: str) -> str:
    return words.replace("|", "\\|").replace("\n", " ")
