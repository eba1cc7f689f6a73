"""Weights that a strategy of the author's own gives (``PriorityWeightStrategy``): asked of a helper, one question for
each instance, when its run begins, and again when Airflow would ask again.

An instance whose weight is not known yet does not queue, so that none begins with a wrong one: those that compete with
it would pass it, or it them, without a word. After `WAIT` it goes with its task's own ``priority_weight``, as it does
when the strategy fails; then the question has failed, and is told as such.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from goflow.domain.questions import Question, QuestionKind, QuestionState
from goflow.domain.spec import Dialect
from goflow.domain.state import TERMINAL_TASK_STATES
from goflow.scheduler.book import NOBODY, Book, Cell
from goflow.scheduler.graph import MAX_WEIGHT
from goflow.store import Tx, questions, tasks, transitions

WAIT = dt.timedelta(seconds=60)
"""How long an instance waits for its weight at most, from when it was asked for."""


def occasion(book: Book, cell: Cell) -> str:
    """For what a weight holds: Airflow 3 asks when an instance is made and when it is cleared (which moves
    ``max_tries``), Airflow 2 after each attempt as well."""
    if book.graph.spec.dialect is Dialect.AIRFLOW2:
        return f"{cell.max_tries}.{cell.try_number}"
    return str(cell.max_tries)


def is_weighed(book: Book, cell: Cell) -> bool:
    """Whether the weight of CELL is the one that it is to have."""
    return cell.task_id not in book.graph.strategies or cell.weighed == occasion(book, cell)


def unasked(book: Book) -> Iterator[Cell]:
    """Cells whose weight has to be asked for."""
    for task_id in book.graph.strategies:
        for cell in book.cells[task_id].values():
            if cell.state not in TERMINAL_TASK_STATES and occasion(book, cell) not in {cell.weighed, cell.weight_asked}:
                yield cell


def ask_for_weight(tx: Tx, book: Book, cell: Cell, *, who: str) -> None:
    """Have the strategy asked how much CELL weighs now."""
    cell.weight_asked = occasion(book, cell)
    asked: dict[str, Any] = {
        "ti": cell.id,
        "for": cell.weight_asked,
        "task_id": cell.task_id,
        "map_index": cell.map_index,
        "try_number": cell.try_number,
        "max_tries": cell.max_tries,
        "run_id": book.run.run_id,
    }
    transitions.ask_code(
        tx,
        _subject(cell),
        QuestionKind.WEIGHT,
        asked,
        dag_id=book.run.dag_id,
        reading_id=book.run.reading_id,
        dag_run_id=book.run.id,
        who=who,
    )


def recall(tx: Tx, book: Book) -> list[tuple[Cell, dt.datetime]]:
    """What the store knows of the weights of a book that is made anew; cells whose weight is being asked for, with when
    they are to go without."""
    cells = {cell.id: cell for task_id in book.graph.strategies for cell in book.cells[task_id].values()}
    waiting = []
    for question in questions.of_run(tx, book.run.id) if cells else []:
        cell = cells.get(int(str(question.asked.get("ti", 0)))) if question.kind is QuestionKind.WEIGHT else None
        if cell is not None and question.is_open:
            cell.weight_asked = str(question.asked["for"])
            waiting.append((cell, question.asked_at + WAIT))
        elif cell is not None:
            cell.weight_asked = str(question.asked["for"])
            take_weight(tx, book, question)
    return waiting


def take_weight(tx: Tx, book: Book, question: Question) -> Cell | None:
    """The cell that QUESTION has weighed, with its weight; None where it is of no use any more."""
    key = question.asked["ti"]
    copies = book.cells.get(str(question.asked["task_id"]), NOBODY).values()
    cell = next((cell for cell in copies if cell.id == key), None)
    if cell is None or question.is_open or question.asked["for"] != occasion(book, cell) or is_weighed(book, cell):
        return None
    cell.weighed = occasion(book, cell)
    told: Any = book.graph.weights[cell.task_id]
    if question.state is QuestionState.ANSWERED and question.answer is not None:
        told = question.answer["told"]
    weight = max(-MAX_WEIGHT - 1, min(MAX_WEIGHT, int(told)))
    if weight != cell.weight:
        cell.weight = weight
        tasks.set_weight(tx, cell.id, weight)
    return cell


def give_up(tx: Tx, book: Book, cell: Cell, *, who: str) -> Cell | None:
    """CELL has waited long enough; itself where it goes without its weight, None where that has come."""
    question = questions.about(tx, _subject(cell))
    if question is None:
        return None
    if question.is_open:
        words = f"no answer within {WAIT.seconds} seconds; the task goes with its own priority_weight"
        transitions.give_up_question(tx, question, words, who=who)
        question = questions.about(tx, _subject(cell))
    return None if question is None else take_weight(tx, book, question)


def _subject(cell: Cell) -> str:
    return f"weight {cell.id}"
