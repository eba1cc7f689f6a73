"""Metrics that providers and authors count: nobody collects them here, as under Airflow where none are set up
(``NoStatsLogger``)."""

import time


class Timer:
    """A span of time, in milliseconds once it is over."""

    duration = None

    def start(self):
        """Begin."""
        self._began = time.perf_counter()
        return self

    def stop(self, send=True):
        """End."""
        self.duration = 1000.0 * (time.perf_counter() - self._began)

    __enter__ = start

    def __exit__(self, *_):
        self.stop()


class Stats:
    """Takes every metric, and drops it."""

    instance = None

    @staticmethod
    def incr(stat, count=1, rate=1, *, tags=None):
        """Count up."""

    @staticmethod
    def decr(stat, count=1, rate=1, *, tags=None):
        """Count down."""

    @staticmethod
    def gauge(stat, value, rate=1, delta=False, *, tags=None):
        """A value as it is now."""

    @staticmethod
    def timing(stat, dt, *, tags=None):
        """A span that was measured."""

    @staticmethod
    def timer(*args, **kwargs):
        """A span to be measured, with ``with``."""
        return Timer()
