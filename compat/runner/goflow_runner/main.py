"""The commands of ``goflow-runner``: ``run`` in a container, ``zygote`` for the local backend."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from goflow_runner.wire import ENV_CLAIMANT, ENV_INDEX, ENV_LAUNCH, ENV_SHARED_JOB, ENV_WORK_DIR, launch_of

USAGE = """usage: goflow-runner COMMAND

  run             claim the launch that the environment names, run its task, tell its end
  zygote FOLDER [PID]
                  start local attempts on request (used by `goflow standalone`, whose PID it is)
  pack FILE       write this runner as one file, for a container whose image has it not
  xcom FILE       send FILE as the task's result once told to stop (beside a container that is not ours)
  triggers        hold triggers of deferred tasks, as many as the daemon hands out
  unpack          lay out the DAG folder for `account`, in a pod that reads a DAG file by running it
  account         run that file and print what it makes
  version         print the version

The daemon writes the environment of `run`: GOFLOW_TASK_API, GOFLOW_LAUNCH_ID (or GOFLOW_SHARED_JOB, to which
Kubernetes adds JOB_COMPLETION_INDEX), GOFLOW_TOKEN_FILE, GOFLOW_CLAIMANT and GOFLOW_WORK_DIR. Nobody needs to start it
by hand.
"""


def main(arguments: list[str] | None = None) -> int:
    """Run one command; its exit code."""
    words = sys.argv[1:] if arguments is None else arguments
    match words:
        case ["run"]:
            return _run()
        case ["zygote", folder, *daemon] if len(daemon) <= 1 and all(one.isdecimal() for one in daemon):
            from goflow_runner import local

            return local.serve(Path(folder), daemon=int(daemon[0]) if daemon else os.getppid())
        case ["xcom", file, *options]:
            from goflow_runner import xcom

            return xcom.serve(Path(file), multiple_outputs="--multiple-outputs" in options)
        case ["triggers"]:
            from goflow_runner import trigger_runner

            return trigger_runner.TriggerRunner(os.environ).serve()
        case ["pack", file]:
            from goflow_runner import packing

            return packing.pack(Path(file))
        case ["unpack" | "account" as command]:
            from goflow_runner import errand

            return errand.unpack() if command == "unpack" else errand.account()
        case ["task", folder]:
            from goflow_runner import python_task

            return python_task.run_in_new_interpreter(Path(folder))
        case ["trigger-host", fd]:
            from goflow_runner import trigger_host

            return trigger_host.run_in_new_interpreter(fd)
        case ["callback", fd]:
            from goflow_runner import run_callbacks

            return run_callbacks.run_in_new_interpreter(fd)
        case ["answers", fd]:
            from goflow_runner import answers

            return answers.run_in_new_interpreter(fd)
        case ["version"]:
            from goflow_runner import __version__

            print(__version__)
            return 0
        case ["--help" | "-h" | "help"]:
            print(USAGE, end="")
            return 0
        case _:
            print(USAGE, end="", file=sys.stderr)
            return 2


def _run() -> int:
    from goflow_runner import agent, python_task

    if os.environ.get(ENV_SHARED_JOB) and os.environ.get(ENV_INDEX):
        os.environ[ENV_LAUNCH] = launch_of(os.environ[ENV_SHARED_JOB], int(os.environ[ENV_INDEX]))
    missing = [name for name in (ENV_LAUNCH, ENV_CLAIMANT) if not os.environ.get(name)]
    if missing:
        print(f"goflow-runner: {' and '.join(missing)} must be set\n\n{USAGE}", end="", file=sys.stderr)
        return 2
    return agent.run(
        os.environ[ENV_LAUNCH],
        dict(os.environ),
        claimant=os.environ[ENV_CLAIMANT],
        work_dir=Path(os.environ.get(ENV_WORK_DIR, "/tmp/goflow")),  # noqa: S108 - the container's own
        execute_python=python_task.fork,
    )


if __name__ == "__main__":
    raise SystemExit(main())
