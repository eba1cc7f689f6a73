"""The `Schedule` key of native YAML: a cron expression, a preset, ``@every 1h30m``, ``@once``, or nothing."""

from __future__ import annotations

from goflow.domain.spec import Schedule
from goflow.parser.yaml.scalars import duration_of

PRESETS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@quarterly": "0 0 1 */3 *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
"""Airflow's presets (airflow.utils.dates.cron_presets) and Go cron's @midnight."""


class ScheduleRefusedError(ValueError):
    """What is wrong with a schedule, in words."""


def schedule_of(text: str | None, timezone: str) -> Schedule:
    """The schedule that TEXT says. A run stands for the moment at which it is due, as a CronJob's does, and not for the
    interval before it. Raises ScheduleRefusedError."""
    words = (text or "").strip()
    if words.lower() in {"", "none", "@none"}:
        return Schedule(timezone=timezone)
    if words.lower() == "@once":
        return Schedule(kind="once", timetable="OnceTimetable", timezone=timezone)
    if words.lower().startswith("@every"):
        seconds = duration_of(words[len("@every") :].strip())
        if not seconds:
            raise ScheduleRefusedError("@every needs a duration such as 1h30m after it")
        return Schedule(kind="delta", timetable="DeltaTriggerTimetable", every_s=seconds, timezone=timezone)
    cron = PRESETS.get(words.lower(), words)
    if cron.startswith("@"):
        raise ScheduleRefusedError(f"{words} is no preset; known are {', '.join(PRESETS)}, @once and @every")
    return Schedule(kind="cron", timetable="CronTriggerTimetable", crons=(_checked(cron),), timezone=timezone)


def _checked(cron: str) -> str:
    from croniter import croniter

    parts = cron.split()
    if len(parts) != 5:
        raise ScheduleRefusedError(f"a cron expression has five fields, and {cron!r} has {len(parts)}")
    try:
        croniter(cron)
    except (ValueError, KeyError) as error:
        raise ScheduleRefusedError(f"{cron!r} is no cron expression: {error}") from None
    return " ".join(parts)
