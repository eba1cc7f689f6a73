"""For the scripts that real Airflow runs: a timetable of its own, out of the words in which the tests describe one."""

import datetime as dt

import pendulum
from airflow.timetables import events, interval, simple, trigger
from dateutil.relativedelta import relativedelta


def build(spec):
    if spec.get("asset_or_time"):
        return asset_or_time(build({**spec, "asset_or_time": False}))
    kind = spec["class"]
    if kind == "EventsTimetable":
        dates = [pendulum.instance(dt.datetime.fromisoformat(text)) for text in spec["event_dates"]]
        return events.EventsTimetable(dates, restrict_to_events=spec["restrict_to_events"])
    zone = spec.get("timezone", "UTC")
    if zone[0] == "+":
        zone = pendulum.tz.timezone.FixedTimezone(int(zone[1:3]) * 3600 + int(zone[4:]) * 60)
    if kind == "CronDataIntervalTimetable":
        return interval.CronDataIntervalTimetable(spec["crons"][0], zone)
    if kind in {"CronTriggerTimetable", "MultipleCronTriggerTimetable"}:
        more = {"interval": dt.timedelta(seconds=spec["interval_s"])}
        if "run_immediately" in spec:
            given = spec["run_immediately"]
            more["run_immediately"] = dt.timedelta(seconds=given) if type(given) is int else given
        return getattr(trigger, kind)(*spec["crons"], timezone=zone, **more)
    if kind == "CronPartitionTimetable":
        given = spec["run_immediately"]
        at_once = dt.timedelta(seconds=given) if type(given) is int else given
        more = {"run_offset": spec["run_offset"], "key_format": spec["key_format"], "run_immediately": at_once}
        return trigger.CronPartitionTimetable(spec["crons"][0], timezone=zone, **more)
    step = relativedelta(**spec["relative"]) if spec.get("relative") else dt.timedelta(seconds=spec.get("every_s", 0))
    if kind == "DeltaDataIntervalTimetable":
        return interval.DeltaDataIntervalTimetable(step)
    if kind == "DeltaTriggerTimetable":
        return trigger.DeltaTriggerTimetable(step, interval=dt.timedelta(seconds=spec["interval_s"]))
    return getattr(simple, kind)()


def asset_or_time(timetable):
    """Airflow 3's, or Airflow 2's under its older name."""
    try:
        from airflow.serialization.definitions.assets import SerializedAsset
        from airflow.timetables.assets import AssetOrTimeSchedule
    except ImportError:
        from airflow.datasets import Dataset
        from airflow.timetables.datasets import DatasetOrTimeSchedule

        return DatasetOrTimeSchedule(timetable=timetable, datasets=[Dataset("s3://a")])
    return AssetOrTimeSchedule(timetable=timetable, assets=SerializedAsset("a", "s3://a", "asset", {}, []))
