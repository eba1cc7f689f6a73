"""Look after the database: upgrade its schema, and clean it of what is old."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from goflow.cli._output import amount, json_option, parse_moment

if TYPE_CHECKING:
    from goflow.store import Store
    from goflow.store.cleaning import Old
    from goflow.store.purge import Found
    from goflow.store.unused import Unused

_AGE = re.compile(r"(\d{1,6})([smhdw])")
_KEPT = 10
"""So many of the newest runs of each DAG stay where only an age is given."""
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}


@click.group()
def command() -> None:
    """Look after the database: upgrade its schema, and clean it of what is old."""


@command.command()
def upgrade() -> None:
    """Bring the schema up to date (`standalone` and `daemon` do it themselves); harmless twice."""
    store = _store()
    click.echo(f"the {store.dialect} database is up to date")
    store.close()


def _store() -> Store:
    from goflow import settings as all_settings
    from goflow.home import open_store, prepare_home

    settings = all_settings.load()
    prepare_home(settings)
    return open_store(settings)


def parse_age(context: click.Context, parameter: click.Parameter, text: str | None) -> dt.timedelta | None:
    """An age such as ``90d``. Wrong usage when it is none."""
    if text is None:
        return None
    found = _AGE.fullmatch(text.strip())
    if found is None:
        raise click.BadParameter(f"{text!r} is no age: a number with s, m, h, d or w, such as 90d")
    return dt.timedelta(seconds=int(found[1]) * _SECONDS[found[2]])


@command.command()
@click.option("--older-than", callback=parse_age, metavar="AGE", help="What ended longer ago than this: 90d, 12h, 4w.")
@click.option(
    "--before",
    "--clean-before-timestamp",
    callback=parse_moment,
    metavar="MOMENT",
    help="What ended before this moment (ISO; without a zone it means UTC).",
)
@click.option(
    "--keep",
    type=click.IntRange(1),
    help=f"How many of the newest runs of each DAG stay whatever their age ({_KEPT} unless given); without an age all "
    "others that have ended go.",
)
@click.option("--dag", "dag_ids", multiple=True, metavar="DAG", help="Only runs of this DAG, no events (repeatable).")
@click.option(
    "--archive",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIRECTORY",
    help="Write what is deleted there first, as gzipped JSON lines.",
)
@click.option("--dry-run", is_flag=True, help="Only say what would be deleted.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@json_option
def clean(
    older_than: dt.timedelta | None,
    before: str | None,
    keep: int | None,
    dag_ids: tuple[str, ...],
    archive: Path | None,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Delete old runs, with their tasks, logs and results, and old events; and with them the versions of DAGs, folders,
    missed SLAs and events of assets that nothing needs any more. With --keep alone all runs go but so many of each
    DAG, and nothing else does: the rest goes by its age.

    The daemon may run meanwhile: it is done in short steps, with pauses between them. Runs that are open stay, and so
    do the newest of each DAG and of each type. The archive keeps what is deleted; it does not come back from there.
    """
    from goflow.store.cleaning import Old
    from goflow.store.purge import Archive, look, purge, purge_unused

    now = dt.datetime.now(dt.UTC)
    old = Old(_moment(older_than, before, keep, now), keep or _KEPT, dag_ids or None)
    which = _which(old)
    store = _store()
    try:
        found = look(store, old, with_events=not dag_ids)
        told, what = _told_of(found, old)
        if dry_run or found.is_nothing:
            words = _nothing(old) if found.is_nothing else f"{what} {which} would be deleted"
            _say(told | {"deleted": False}, words, as_json)
            return
        if not yes:
            click.confirm(f"Delete {what} {which}?", abort=True, err=True)
        kept = Archive(archive, f"goflow-history-{now:%Y%m%dT%H%M%S}.jsonl.gz") if archive is not None else None
        try:
            progress = functools.partial(_progress, with_events=old.before is not None)
            runs, events = purge(store, old, found, kept, who="goflow db clean", told=progress)
            rest = purge_unused(store, old, kept)
        finally:
            if kept is not None:
                kept.close()
    except OSError as problem:
        raise click.ClickException(f"the archive cannot be written, what is left stays: {problem}") from None
    finally:
        store.close()
    where = None if kept is None else str(kept.path)
    beside = dataclasses.asdict(rest)
    words = f"deleted {amount(runs, 'run')}"
    words += "" if old.before is None else f" and {amount(events, 'event')}{_and_unused(rest)}"
    words += f"; they are in {where}" if where else ""
    _say(told | {"deleted": True, "runs": runs, "events": events, **beside, "archive": where}, words, as_json)


def _moment(
    older_than: dt.timedelta | None, before: str | None, keep: int | None, now: dt.datetime
) -> dt.datetime | None:
    """What ended before this is old; None: runs are, by their number. Raises UsageError where neither is said."""
    if older_than is not None and before is not None:
        raise click.UsageError("say how old with one of --older-than and --before")
    if older_than is None and before is None:
        if keep is None:
            raise click.UsageError("say how old with one of --older-than and --before, or how many stay with --keep")
        return None
    moment = now - older_than if older_than is not None else dt.datetime.fromisoformat(str(before))
    if moment > now:
        raise click.UsageError(f"{moment.isoformat()} has not come yet")
    return moment


def _which(old: Old) -> str:
    if old.before is None:
        return f"besides the newest {old.keep} of each DAG"
    return f"from before {old.before:%Y-%m-%d %H:%M} UTC"


def _nothing(old: Old) -> str:
    if old.before is None:
        return f"no DAG has a run that may go besides its newest {old.keep}"
    return f"nothing that may go ended before {old.before:%Y-%m-%d %H:%M} UTC"


def _told_of(found: Found, old: Old) -> tuple[dict[str, object], str]:
    """What was found, for a script and in words. Versions and events of assets are those that nothing needs already."""
    before = None if old.before is None else old.before.isoformat()
    told: dict[str, object] = {"before": before, "keep": old.keep, "runs": len(found.runs), "tasks": found.tasks}
    told |= {"events": found.events, "versions": found.unused.versions, "asset_events": found.unused.asset_events}
    told["sla_misses"] = found.unused.sla_misses
    words = f"{amount(len(found.runs), 'run')} with {amount(found.tasks, 'task')}"
    if old.before is None:
        return told, words
    return told, f"{words}, and {amount(found.events, 'event')}{_and_unused(found.unused)}"


def _and_unused(rest: Unused) -> str:
    parts = [amount(rest.versions, "version") + " of DAGs"] if rest.versions else []
    parts += [amount(rest.asset_events, "event") + " of assets"] if rest.asset_events else []
    parts += [amount(rest.sla_misses, "missed SLA")] if rest.sla_misses else []
    return "".join(f", {part}" for part in parts)


def _progress(runs: int, events: int, *, with_events: bool) -> None:
    if sys.stderr.isatty():
        beside = f", {amount(events, 'event')}" if with_events else ""
        click.echo(f"\r{amount(runs, 'run')}{beside} deleted ", nl=False, err=True)


def _say(told: dict[str, object], words: str, as_json: bool) -> None:
    if sys.stderr.isatty():
        click.echo("\r\033[K", nl=False, err=True)
    click.echo(json.dumps(told, indent=1) if as_json else words)
