"""What the daemon has measured of itself, as the page is told it."""

from __future__ import annotations

from goflow.server.figures import figures
from goflow.telemetry import metrics


def test_measures_are_summed_over_their_labels_and_by_kind() -> None:
    metrics.API_REQUEST_SECONDS.labels("rest", "GET", "/one").observe(0.5)
    before = figures()
    metrics.API_REQUEST_SECONDS.labels("rest", "GET", "/one").observe(1.5)
    metrics.API_REQUEST_SECONDS.labels("rest", "GET", "/two").observe(2.0)
    metrics.SCHEDULER_DECISIONS.inc(3)
    now = figures()
    took = {key: now["request_rest"][key] - before["request_rest"][key] for key in ("count", "sum")}
    assert took == {"count": 2, "sum": 3.5}
    assert now["counts"]["decisions"] - before["counts"]["decisions"] == 3
