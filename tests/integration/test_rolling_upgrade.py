"""A daemon of an earlier commit and today's on one PostgreSQL: today's upgrades the schema under it, it works on, and
hands over when it is ended. Nothing is lost.

The earlier code comes from the repository's history (``git archive``). A checkout without it, a shallow one say, leaves the
test out, unless ``GOFLOW_REQUIRE_HISTORY=1`` says that this is a failure; the schema of tomorrow's under today's code
(`tests.conformance.store.test_expanding`) is tested everywhere.
"""

from __future__ import annotations

import os
import signal
import subprocess
import tarfile
from pathlib import Path

import pytest

from goflow.store import migrate
from tests.killing import Marks
from tests.several import Several, longest_pause, write_ticking

EARLIER = "98d16aa4d5894b22768c02ed02a13d1945192bc1"
"""The first commit whose code works with a newer schema at all; its own is revision 0014."""
ROOT = Path(__file__).parents[2]

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(300)]


@pytest.fixture
def earlier(tmp_path: Path) -> dict[str, str]:
    """The environment in which `goflow` is that commit's."""
    archive = tmp_path / "earlier.tar"
    made = subprocess.run(
        ["git", "-C", ROOT, "archive", "-o", archive, EARLIER, "goflow", "compat"], capture_output=True, text=True
    )
    if made.returncode:
        if os.environ.get("GOFLOW_REQUIRE_HISTORY") == "1":
            pytest.fail(f"the repository's history is required: {made.stderr}")
        pytest.skip(f"the repository's history is not here: {made.stderr.strip()}")
    code = tmp_path / "earlier"
    with tarfile.open(archive) as tar:
        tar.extractall(code, filter="data")
    return {"PYTHONPATH": ":".join(map(str, (code, code / "compat" / "runner", code / "compat" / "airflow_shim")))}


def test_nothing_is_lost_while_a_daemon_is_replaced(earlier, empty_postgres_url, tmp_path):
    marks = Marks("127.0.0.1")
    write_ticking(tmp_path / "dags", marks)
    command = ["daemon", "--backend", "local", "--dags", str(tmp_path / "dags"), "--port", "0"]
    several = Several(empty_postgres_url, tmp_path, command, {"GOFLOW_TASK_API_PORT": "0"})
    try:
        several.start("old", **earlier)
        longest_pause(marks, 3)
        assert several.ask("SELECT version_num FROM alembic_version") < [(migrate.HEAD,)], "it is earlier code"
        several.start("new")
        assert several.ask("SELECT version_num FROM alembic_version") == [(migrate.HEAD,)]
        leader, epoch = several.lease()
        shared = longest_pause(marks, 15)
        assert several.lease() == (leader, epoch), "the upgrade takes nothing from the one that was there"
        homes = "SELECT DISTINCT home FROM launches WHERE claimed_at > (SELECT started_at FROM daemons ORDER BY 1 DESC LIMIT 1)"
        assert {several.name_of(home) for (home,) in several.ask(homes)} == {"old", "new"}
        several["old"].process.send_signal(signal.SIGTERM)
        handed = longest_pause(marks, 8)
        print(f"no task began for {shared:.1f} s beside each other, for {handed:.1f} s at the handover")
        assert several["old"].process.wait(60) == 0
        assert several.lease() == ("new", epoch + 1)
        several.start("old")  # earlier code on the schema of today; what it had begun in its home ends there
        several.wait_for_success()
        assert marks.repeated() == {}
    finally:
        several.stop()
