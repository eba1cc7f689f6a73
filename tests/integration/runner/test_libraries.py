"""Results of libraries' own kinds, and results in an object store: with numpy, pandas and fsspec as they are installed.

Those packages are in the environment of Airflow's providers (`tests.oracle`); the shim goes before its `airflow`.
"""

from __future__ import annotations

import json
import os
import subprocess

import pytest

from tests.oracle.environments import AIRFLOW_3, AIRFLOW_3_PROVIDERS, environment
from tests.oracle.serde.record import SHIM, answers, truth
from tests.runners import bash


@pytest.fixture(scope="module")
def python():
    return environment(AIRFLOW_3_PROVIDERS).python


def test_numbers_of_numpy_and_frames_of_pandas_come_back_as_under_airflow(python):
    expected = {name: fate for name, fate in truth(AIRFLOW_3).items() if name.startswith(("numpy", "pandas"))}
    found = answers(python, "shim3", {"PATH": os.environ["PATH"], "PYTHONPATH": SHIM})
    assert len(expected) == 11
    assert {name: found[name] for name in expected} == expected


SIDECAR = """
import os, pathlib, signal, sys
from goflow_runner import xcom
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
os.kill(os.getpid(), signal.SIGTERM)
raise SystemExit(xcom.serve(pathlib.Path(sys.argv[1])))
"""
STORE = """
import json, sys
from airflow._goflow import results, world
from airflow._goflow.serialization import deserialize
world.World.task_input = {
    "dag_id": "d", "run_id": "scheduled__2026-01-01T00:00:00+00:00", "task_id": "g.t", "map_index": 3, "launch_id": "L",
    "results": {"largest": 5000, "store": sys.argv[1], "threshold": 100},
}
small, large = results.leave("return_value", [1, 2]), results.leave("return_value", {"rows": ["x" * 1000, (1, 2)]})
print(json.dumps({
    "small": small, "large": large, "back": repr(deserialize(json.loads(json.dumps(large["value"])))),
}))
"""


def test_a_large_result_lies_in_the_store_and_comes_back_as_it_was(python, tmp_path):
    url = f"file://{tmp_path}/xcoms"
    done = subprocess.run(
        [python, "-c", STORE, url], check=True, capture_output=True, text=True, env={"PYTHONPATH": SHIM}
    )
    told = json.loads(done.stdout)
    assert told["small"] == {"key": "return_value", "value": [1, 2], "length": 2}
    place = f"{url}/d/scheduled__2026-01-01T00%3A00%3A00%2B00%3A00/g.t/3/return_value/L.json"
    assert told["large"] == {"key": "return_value", "value": {"__goflow_result__": place}, "length": 1}
    assert told["back"] == repr({"rows": ["x" * 1000, (1, 2)]})
    assert [path.name for path in tmp_path.rglob("*.json")] == ["L.json"]


def test_a_large_result_of_a_container_that_is_not_ours_goes_to_the_store_too(python, server, tmp_path):
    started, path = server.launch(bash("t", "true")), tmp_path / "return.json"
    path.write_text(json.dumps(["x" * 200]))
    limits = {"largest": 100, "store": f"file://{tmp_path}/xcoms", "threshold": 100}
    told = json.dumps({"limits": limits, "place": ["d", "r", "t", "-1"]})
    sidecar = subprocess.Popen(
        [python, "-c", SIDECAR, str(path)], env=started.environment(GOFLOW_RESULTS=told, PYTHONPATH=SHIM)
    )
    assert sidecar.wait(60) == 0
    place = f"file://{tmp_path}/xcoms/d/r/t/-1/return_value/{started.id}.json"
    assert started.xcoms == {"return_value": {"__goflow_result__": place}}
    assert json.loads((tmp_path / "xcoms/d/r/t/-1/return_value" / f"{started.id}.json").read_text()) == ["x" * 200]


def test_an_image_without_fsspec_says_what_to_install(python, tmp_path):
    hidden = f"import sys; sys.modules['fsspec'] = None\n{STORE}"
    done = subprocess.run(
        [python, "-c", hidden, f"file://{tmp_path}"],
        check=False,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": SHIM},
    )
    assert done.returncode == 1
    assert "this image has no fsspec to reach it: install fsspec" in done.stderr
