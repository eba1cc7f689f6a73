"""Evaluated objects to `DagSpec`: which DAGs a file has, what each of them is, and what of it cannot be known yet.

What belongs here is the way from the models of Airflow (`goflow.parser.libraries.airflow`) to the frozen values of
`goflow.domain.spec`. Nothing is evaluated here any more.
"""

from goflow.parser.lower.collecting import collect

__all__ = ["collect"]
