"""Hooks tell what they read and wrote; nothing collects it in a task's container, as in an Airflow without a reader."""

import collections

HookLineage = collections.namedtuple("HookLineage", ["inputs", "outputs", "extra"], defaults=((), (), ()))
_collectors = []


class HookLineageCollector:
    """Takes what it is told, and keeps none of it."""

    def create_asset(self, **kwargs):
        """None: nothing is made of it."""

    def add_input_asset(self, *args, **kwargs):
        """Nothing."""

    add_output_asset = add_extra = add_input_dataset = add_output_dataset = add_input_asset

    @property
    def collected_assets(self):
        """Nothing was."""
        return HookLineage()

    collected_datasets = collected_assets

    @property
    def has_collected(self):
        """False."""
        return False


NoOpCollector = HookLineageCollector


def get_hook_lineage_collector():
    """The one collector."""
    if not _collectors:
        _collectors.append(HookLineageCollector())
    return _collectors[0]
