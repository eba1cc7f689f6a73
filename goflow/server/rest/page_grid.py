"""For the page: a DAG's grid, runs by tasks, and its graph.

Airflow's grid needed 30 to 49 s for 5,000 tasks in 300 groups with 8,000 runs (apache/airflow issues 49800, 56554,
56968), most of it for an object per cell. Here a run is a text with a letter per task.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from goflow.domain.state import TaskState
from goflow.server.rest import shapes
from goflow.server.rest.answers import Is
from goflow.server.rest.answers import files as told_files
from goflow.server.rest.answers import page as told_page
from goflow.server.rest.context import CallerDep, Services, ServicesDep
from goflow.server.rest.packed import packed
from goflow.server.structure import ABSENT, LETTERS, Structure, structure_of
from goflow.store import Tx, dags, page, versions

router = APIRouter(tags=["Page"])
BASE = "/goflow/v1/page/dags/{dag_id}"
MOST_CELLS = 20_000
"""Cells of one answer: of a DAG with many tasks the first one tells of fewer runs, and more are asked for."""
MOST_COPIES = 20_000
_LETTER = {state.value: letter for state, letter in LETTERS.items()}


@router.get(BASE + "/grid", response_model=None)
def show_grid(
    request: Request,
    dag_id: str,
    services: ServicesDep,
    caller: CallerDep,
    limit: int = Query(30, ge=1, le=200),
    offset: int = Query(0, ge=0),
    structure: int = Query(0, description="the reading whose structure the page has already: it is left out then"),
) -> Annotated[Response, Is(told_page.GridAnswer)]:
    """The newest runs of a DAG with the states of their tasks, and the tasks in their groups."""
    with services.store.reading() as tx:
        row = dags.get(tx, dag_id)
        known = structure_at(services, tx, row.reading_id)
        most = max(4, MOST_CELLS // max(1, len(known.places)))
        found = page.runs_of_dag(tx, dag_id, limit=min(limit, most) + 1, offset=offset)
        more, found = len(found) > min(limit, most), found[: min(limit, most)]
        cells = cells_of(known, [run.id for run in found], page.states(tx, [run.id for run in found]))
    told: dict[str, Any] = {"reading": row.reading_id, "runs": run_columns(found), "more": more, **cells}
    return packed(request, told, **({"structure": known.text} if structure != row.reading_id else {}))


@router.get(BASE + "/copies", response_model=None)
def show_copies(
    request: Request,
    dag_id: str,
    task_id: str,
    run: Annotated[list[int], Query(description="keys of runs, as the grid has them", max_length=200)],
    services: ServicesDep,
    caller: CallerDep,
) -> Annotated[Response, Is(told_page.CopiesAnswer)]:
    """The copies of a mapped task in some runs: for each run's key a letter for each copy, by map index."""
    with services.store.reading() as tx:
        dags.get(tx, dag_id)
        rows = page.copies(tx, run, task_id, MOST_COPIES)
    letters: dict[int, list[str]] = {}
    labels: dict[int, str] = {}
    for row in rows:
        its = letters.setdefault(row.dag_run_id, [])
        its.extend([ABSENT] * (row.map_index - len(its)))
        its.append(_LETTER[row.state])
        if row.rendered_map_index:
            labels.setdefault(row.map_index, row.rendered_map_index)
    told = {"runs": {key: "".join(its) for key, its in letters.items()}, "labels": labels}
    return packed(request, {**told, "cut": len(rows) == MOST_COPIES})


@router.get(BASE + "/graph", response_model=None)
def show_graph(
    request: Request, dag_id: str, services: ServicesDep, caller: CallerDep, version: int | None = None
) -> Annotated[Response, Is(told_files.GraphAnswer)]:
    """Tasks, groups, edges and their labels, of the newest version or of another."""
    with services.store.reading() as tx:
        reading_id = dags.get(tx, dag_id).reading_id
        if version is not None:
            reading_id = versions.readings(tx, versions.by_number(tx, dag_id, version).id)[-1].id
        known = structure_at(services, tx, reading_id)
    told = {"reading": reading_id, "structure": known.columns, "edges": known.edges, "labels": known.labels}
    return packed(request, told)


def structure_at(services: Services, tx: Tx, reading_id: int) -> Structure:
    """The structure of a reading; the last ones are kept."""
    return services.structures.kept(reading_id, lambda: structure_of(versions.spec_json(tx, reading_id)))


def run_columns(rows: Sequence[Any]) -> shapes.Body:
    """Runs in columns."""
    return {
        "key": [row.id for row in rows],
        "dag_id": [row.dag_id for row in rows],
        "run_id": [row.run_id for row in rows],
        "run_type": [row.run_type for row in rows],
        "state": [row.status for row in rows],
        "logical_date": [shapes.moment(row.execution_date) for row in rows],
        "run_after": [shapes.moment(row.run_after) for row in rows],
        "queued_at": [shapes.moment(row.queued_at) for row in rows],
        "start_date": [shapes.moment(row.start_date) for row in rows],
        "end_date": [shapes.moment(row.end_date) for row in rows],
        "note": [row.note for row in rows],
        "triggered_by": [row.triggered_by for row in rows],
        "version": [row.version for row in rows],
    }


def cells_of(known: Structure, keys: Sequence[int], rows: Sequence[Any]) -> shapes.Body:
    """``states``: a text for each run of KEYS, a letter for each task; behind the tasks of the structure those that
    only runs of other versions have, whose ids are ``gone``. ``copies``: of mapped tasks how many copies are in which
    state, as ``[task, run, {letter: copies}]``; their letter is the one of the worst of them."""
    columns = {key: place for place, key in enumerate(keys)}
    places = dict(known.places)
    width = len(places)
    grid = [[ABSENT] * width for _ in keys]
    copies: dict[tuple[int, int], dict[str, int]] = {}
    letter_of = _LETTER
    for key, task_id, map_index, state in rows:
        place = places.get(task_id)
        if place is None:
            place = places[task_id] = len(places)
            for column in grid:
                column.append(ABSENT)
        letter = letter_of[state]
        if map_index < 0:
            grid[columns[key]][place] = letter
        else:
            counted = copies.setdefault((place, columns[key]), {})
            counted[letter] = counted.get(letter, 0) + 1
    for (place, at), counted in copies.items():
        grid[at][place] = worst(counted)
    return {
        "states": ["".join(column) for column in grid],
        "gone": list(places)[width:],
        "copies": [[place, at, counted] for (place, at), counted in copies.items()],
    }


_BY_WEIGHT = (
    *(TaskState.FAILED, TaskState.UPSTREAM_FAILED, TaskState.AWAITING_INPUT, TaskState.UP_FOR_RETRY),
    *(TaskState.RESTARTING, TaskState.RUNNING, TaskState.QUEUED, TaskState.SCHEDULED, TaskState.DEFERRED),
    *(TaskState.UP_FOR_RESCHEDULE, TaskState.NONE, TaskState.SUCCESS, TaskState.SKIPPED, TaskState.REMOVED),
)
"""What many tasks are shown as: the first of these that any of them is in."""
WEIGHTS = "".join(LETTERS[state] for state in _BY_WEIGHT)


def worst(counted: dict[str, int]) -> str:
    """The letter that stands for several tasks."""
    return min(counted, key=WEIGHTS.index)
