"""A package of a team's own, which asks for one that others wrote."""

from slugify import slugify


def name_of(order: str) -> str:
    return slugify(order)
