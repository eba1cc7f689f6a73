"""``goflow-runner run`` with less patience: KILL_AFTER_S is in the environment."""

import os
from pathlib import Path

from goflow_runner import agent, python_task, wire

if __name__ == "__main__":
    agent.TIMEOUT_MARGIN_S = float(os.environ.get("TIMEOUT_MARGIN_S", "30"))
    raise SystemExit(
        agent.run(
            os.environ[wire.ENV_LAUNCH],
            dict(os.environ),
            claimant="me",
            work_dir=Path(os.environ[wire.ENV_WORK_DIR]),
            execute_python=python_task.fork,
            kill_after_s=float(os.environ["KILL_AFTER_S"]),
        )
    )
