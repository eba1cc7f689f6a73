"""A real Prometheus takes the rules, scrapes a running daemon, and knows an answer to whatever the dashboard asks."""

from __future__ import annotations

import contextlib
import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from goflow.telemetry import metrics
from tests.integration.prometheus.expressions import DASHBOARD, ELSEWHERE, RULES, names, of_dashboard, of_rules, panels
from tests.prometheus import Prometheus, promtool
from tests.receivers import Hook
from tests.running import Daemon, standalone

DAGS = """
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

WORK = '''
import time
have = bytearray((80 << 20) - 4096 * int(open("/proc/self/statm").read().split()[1]))
have[::4096] = b"x" * len(range(0, len(have), 4096))
while time.process_time() < 4:
    pass
'''

with DAG("uses", schedule=None):
    BashOperator(task_id="work", bash_command=f"python3 -c '{WORK}'") >> BashOperator(task_id="short", bash_command="true")
with DAG("breaks", schedule=None):
    BashOperator(task_id="step", bash_command="echo so; exit 1")
"""
ALERTS = """
channels: {hook: {webhook: {url: URL}}}
rules: [{name: all, on: [failed], channels: [hook], group_wait: 0}]
"""


def known() -> set[str]:
    """The names under which this process' metrics, and so a daemon's, are stored."""
    assert metrics.DAGS
    found = set()
    for family in REGISTRY.collect():
        suffixes = {"counter": ["_total"], "histogram": ["_bucket", "_sum", "_count"]}.get(family.type, [""])
        found |= {family.name + suffix for suffix in suffixes}
    return found


@pytest.mark.parametrize("expressions", [of_rules, of_dashboard])
def test_every_metric_that_is_named_is_there(expressions) -> None:
    named = {what: names(text) for what, text in expressions().items()}
    assert all(named.values()), "each names one"
    assert {what: found - known() for what, found in named.items() if found - known()} == {}


def test_every_panel_says_what_it_is() -> None:
    found = list(panels())
    assert len({panel["title"] for panel in found}) == len(found) > 20
    assert len({panel["id"] for panel in found}) == len(found)


def test_promtool_takes_the_rules() -> None:
    assert f"{len(of_rules())} rules found" in promtool("check", "rules", str(RULES))


def test_the_rules_fire_when_they_should(tmp_path: Path) -> None:
    cases = Path(__file__).with_name("rules_test.yaml").read_text().replace("RULES", str(RULES))
    (tmp_path / "cases.yaml").write_text(cases)
    promtool("test", "rules", str(tmp_path / "cases.yaml"))
    assert {alert for alert in of_rules() if alert not in cases} == set(), "each has a case"


@pytest.fixture(scope="module")
def log_server() -> Iterator[str]:
    """What takes all lines of logs, as Elasticsearch does."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"errors": false}')

        do_PUT = do_POST  # noqa: N815 - http.server's name

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory, log_server: str) -> Iterator[Daemon]:
    """A daemon that samples every half second, sends its logs on and tells of failures."""
    folder = tmp_path_factory.mktemp("usage")
    (folder / "dags").mkdir()
    (folder / "home").mkdir()
    (folder / "dags" / "uses.py").write_text(DAGS)
    hook = Hook()
    (folder / "home" / "alerts.yaml").write_text(ALERTS.replace("URL", hook.url))
    settings = {
        "GOFLOW_USAGE_INTERVAL_S": "0.5",
        "GOFLOW_LOGS_STORE": "elasticsearch",
        "GOFLOW_LOGS_ELASTICSEARCH_URL": log_server,
        "GOFLOW_UNPAUSED_AT_CREATION": "true",
    }
    running = standalone(folder / "home", folder / "dags", **settings)
    running.start()
    try:
        yield running
    finally:
        running.stop()
        hook.stop()


@pytest.fixture(scope="module")
def prometheus(daemon: Daemon, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """A Prometheus that has scraped the daemon from its beginning, with a run of each DAG to its end, and another one of
    that which fails: what has no label before it is counted first has no rate before it is counted again."""
    made = Prometheus(
        tmp_path_factory.mktemp("prometheus") / "prometheus", [daemon.endpoint()["url"].removeprefix("http://")], RULES
    )
    made.start()
    try:
        daemon.wait_for("two scrapes", lambda: made.values("count_over_time(goflow_dags[1m]) >= 2"))
        daemon.wait_for("the DAGs", lambda: len(daemon.json("dags", "list")) == 2)
        daemon.run("dags", "trigger", "breaks", "--run-id", "first")
        daemon.run("dags", "trigger", "uses", "--run-id", "r")
        for number, dag_id, state in ((1, "breaks", "failed"), (1, "uses", "success"), (2, "breaks", "failed")):
            ended = f'goflow_dag_runs_ended_total{{dag_id="{dag_id}",state="{state}"}} == {number}'
            daemon.wait_for(f"the end of {dag_id}, as it is scraped", lambda: made.values(ended))  # noqa: B023
            if dag_id == "uses":
                daemon.run("dags", "trigger", "breaks", "--run-id", "second")
                (daemon.home.parent / "dags" / "more.py").write_text("")  # a file more is read while it is looked on
        yield made
    finally:
        made.stop()


@pytest.mark.usefixtures("prometheus")
def test_a_local_task_of_80_mb_and_4_seconds_is_told_within_a_tenth(daemon: Daemon) -> None:
    [attempt] = daemon.json("tasks", "usage", "uses", "work")["attempts"]
    assert attempt["source"] == "runner"
    assert attempt["cpu_seconds"] == pytest.approx(4.0, rel=0.1)
    assert attempt["memory_bytes"] == pytest.approx(80 << 20, rel=0.1)
    assert attempt["run_seconds"] >= 4.0
    with daemon.api() as api:
        path = "/goflow/v1/dags/uses/dagRuns/r/taskInstances/work/usage"

        def sampled() -> dict | None:
            found = api.get(path).raise_for_status().json()["series"]
            return found[0] if found and len(found[0]["at"]) > 2 else None

        series = daemon.wait_for("samples", sampled)
    assert series["source"] == "processes"
    assert max(series["memory_bytes"]) == pytest.approx(80 << 20, rel=0.1)
    assert series["cpu_seconds"][-1] <= attempt["cpu_seconds"] * 1.1
    [short] = daemon.json("tasks", "usage", "uses", "short")["attempts"]
    assert short["source"] == "runner"
    assert short["cpu_seconds"] < 1.0


def test_a_real_prometheus_scrapes_a_daemon_and_takes_the_rules(daemon: Daemon, prometheus: Prometheus) -> None:
    [target] = prometheus.ask("targets")["activeTargets"]
    assert (target["health"], target["lastError"]) == ("up", "")
    assert prometheus.values("goflow_dags") == [2.0]
    assert prometheus.values('goflow_dag_runs_ended_total{dag_id="uses",state="success"}') == [1.0]
    cpu = daemon.wait_for(
        "the CPU seconds of tasks", lambda: prometheus.values('goflow_task_cpu_seconds_total{dag_id="uses"} > 3')
    )
    assert cpu == [pytest.approx(4.0, rel=0.2)]
    for text in of_rules().values():
        prometheus.ask("query", query=text)
    rules = [rule for group in prometheus.ask("rules")["groups"] for rule in group["rules"]]
    assert {rule["name"] for rule in rules} == set(of_rules())
    assert [rule["lastError"] for rule in rules if rule.get("lastError")] == []
    text = daemon.ask("/metrics").text
    assert len(text.splitlines()) < 3_000
    assert promtool("check", "metrics", given=text) == "", "names, types and help are after the conventions"


def test_the_dashboard_has_something_to_show_in_every_panel(daemon: Daemon, prometheus: Prometheus) -> None:
    wanted = {panel: text for panel, text in of_dashboard().items() if panel not in ELSEWHERE}
    assert len(wanted) == len(of_dashboard()) - len(ELSEWHERE)

    def without() -> list[str]:
        return [panel for panel, text in wanted.items() if not prometheus.shows(text)]

    with contextlib.suppress(AssertionError):  # what is left is told below, by name
        daemon.wait_for("a figure of each", lambda: without() == [], 30, every_s=1.0)
    assert ", ".join(without()) == ""


def test_the_dashboards_variable_has_the_dags(prometheus: Prometheus) -> None:
    [variable] = [one for one in json.loads(DASHBOARD.read_text())["templating"]["list"] if one["type"] == "query"]
    [metric, label] = re.fullmatch(r"label_values\((\w+), (\w+)\)", variable["query"]["query"]).groups()
    assert prometheus.labelled(metric, label) == ["breaks", "uses"]
