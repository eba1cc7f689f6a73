"""Paging by cursor: a token of where a list goes on, in place of an offset.

A token names a place in the order that was asked for. Runs and task instances are numbered as they are made, so in the
order of their ids new ones come behind every token.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from fastapi import HTTPException

from goflow.server.rest.paging import Paging
from goflow.store.listing import Page

NONE: dict[str, Any] = {"total_entries_limit": None, "next_cursor": None, "previous_cursor": None}
"""What answers by offset have instead."""
_HEAD = "at:"


def answer(key: str, query: Paging, ask: Callable[[Page], tuple[list[dict[str, Any]], int]]) -> dict[str, Any]:
    """The page at the cursor of QUERY, its rows under KEY, with the cursors around it. Raises HTTPException 400."""
    page = query.page()
    place = _place(getattr(query, "cursor", ""))
    limit = page.limit or 0
    rows, total = ask(replace(page, offset=place))
    more = place + len(rows)
    return {
        key: rows,
        "total_entries": total,
        "total_entries_limit": None,
        "next_cursor": _token(more) if rows and more < total else None,
        "previous_cursor": _token(max(place - limit, 0)) if place else None,
    }


def _token(place: int) -> str:
    return base64.urlsafe_b64encode(f"{_HEAD}{place}".encode()).decode().rstrip("=")


def _place(token: str) -> int:
    if not token:
        return 0
    try:
        text = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode()
        number = text.removeprefix(_HEAD)
        if text.startswith(_HEAD) and number.isdecimal() and len(number) < 19:
            return int(number)
    except (binascii.Error, ValueError):
        pass
    raise HTTPException(400, "Invalid cursor token")
