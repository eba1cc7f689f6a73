"""`python -m tests.cluster.harness COMMAND`: the cluster by hand, to work with and to look into failed tests."""

from __future__ import annotations

import argparse
import sys

from tests.cluster import teams
from tests.cluster.harness import (
    Cluster,
    HarnessError,
    binaries,
    ensure_images,
    images,
    processes,
    team_images,
    usage,
    why_not_hostable,
)
from tests.cluster.harness.components import COMPONENTS
from tests.cluster.harness.layout import kubeconfig_path, log_folder
from tests.cluster.harness.report import say


def up(arguments: argparse.Namespace) -> int:
    """Start the cluster, or join the one that runs; it stays up until `down`. Prints KUBECONFIG for the shell."""
    reason = why_not_hostable()
    if reason is not None:
        print(f"this machine cannot host the test cluster: {reason}", file=sys.stderr)
        return 1
    cluster = Cluster()
    cluster.start(keep=True)
    try:
        if not arguments.bare:
            ensure_images(cluster)
    finally:
        cluster.stop()
    return env(arguments)


def prepare(arguments: argparse.Namespace) -> int:
    """Compile and build all that the cluster, its images and helm need, so that tests find it. Starts nothing."""
    reason = why_not_hostable()
    if reason is not None:
        print(f"this machine cannot host the test cluster: {reason}", file=sys.stderr)
        return 1
    Cluster.prepare()
    binaries.ensure(binaries.HELM)
    binaries.ensure(binaries.METRICS_SERVER)
    for image in (images.RUNNER, images.DAEMON):
        images.build(image)
    for made in teams.ALL:
        team_images.build(made)
    return 0


def down(arguments: argparse.Namespace) -> int:
    """Take the cluster down, or let the last of those who use it do so."""
    with usage.transition():
        usage.keep(False)
    Cluster().stop()
    others = usage.users()
    if others:
        say(f"still used by the processes {', '.join(map(str, others))}; the last of them takes it down")
    return 0


def status(arguments: argparse.Namespace) -> int:
    """Which components live, who uses the cluster, and where its logs are. Exit code 0 when it runs, 3 when not."""
    cluster = Cluster()
    known = processes.recorded()
    for component in COMPONENTS:
        identity = known.get(component.name)
        alive = identity is not None and identity.is_alive
        print(f"{component.name:24} {'pid ' + str(identity.pid) if identity and alive else 'not running'}")
    running = cluster.is_running
    print(f"{'ready' if running else 'not ready'}; {'to be kept' if usage.is_kept() else 'not kept'} without users")
    print(f"used by processes: {', '.join(map(str, usage.users())) or 'none'}")
    print(f"logs: {log_folder()}")
    return 0 if running else 3


def env(arguments: argparse.Namespace) -> int:
    """The line that a shell evaluates to reach the cluster."""
    print(f"export KUBECONFIG={kubeconfig_path()}")
    return 0


def load(arguments: argparse.Namespace) -> int:
    """Build the images of this checkout and load them into the running cluster; nothing happens for what is there."""
    with Cluster() as cluster:
        ensure_images(cluster)
    return 0


_COMMANDS = {"up": up, "down": down, "status": status, "env": env, "images": load, "prepare": prepare}


def main() -> int:
    """Parse the command line and run one command."""
    parser = argparse.ArgumentParser(prog="python -m tests.cluster.harness", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, function in _COMMANDS.items():
        command = commands.add_parser(name, help=function.__doc__, description=function.__doc__)
        command.set_defaults(run=function)
        if function is up:
            command.add_argument("--bare", action="store_true", help="without GoFlow's images")
    arguments = parser.parse_args()
    try:
        code: int = arguments.run(arguments)
    except HarnessError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return code


if __name__ == "__main__":
    sys.exit(main())
