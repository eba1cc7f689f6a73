"""Strategies of weights as their authors write them, in a plugin; read by real Airflow and by the shim alike."""

import zlib

from airflow.plugins_manager import AirflowPlugin
from airflow.task.priority_strategy import PriorityWeightStrategy


class ByName(PriorityWeightStrategy):
    """The longer its name, the heavier, and one for each copy."""

    def get_weight(self, ti):
        return 10 * len(ti.task_id) + ti.map_index + (ti.try_number or 0)


class Twice(ByName):
    """By what is below it."""

    factor = 2

    def get_weight(self, ti):
        below = ti.task.get_flat_relative_ids(upstream=False)
        return self.factor * len(below) + ti.task.priority_weight


class ByFields(PriorityWeightStrategy):
    """By everything that a new task instance knows of itself."""

    def get_weight(self, ti):
        words = "dag_id task_id run_id map_index pool pool_slots queue operator run_as_user executor dag_run run_after"
        words += " logical_date execution_date state start_date end_date duration queued_dttm hostname test_mode"
        return sum(zlib.crc32(f"{name}={getattr(ti, name, '-')}".encode()) for name in words.split()) % 1_000_000


class Broken(PriorityWeightStrategy):
    """One that raises."""

    def get_weight(self, ti):
        raise LookupError("no scales")


class TheirPlugin(AirflowPlugin):
    name = "their_weights"
    priority_weight_strategies = [ByName, Twice, ByFields, Broken]
