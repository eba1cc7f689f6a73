"""Strategies of weights as their authors write them, in a plugin; read by real Airflow and by the shim alike."""

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


class Broken(PriorityWeightStrategy):
    """One that raises."""

    def get_weight(self, ti):
        raise LookupError("no scales")


class TheirPlugin(AirflowPlugin):
    name = "their_weights"
    priority_weight_strategies = [ByName, Twice, Broken]
