"""How a task's process tells the witness that it is there, and for how long."""

import contextlib
import json
import os
import socket
import sys
import time

ADDRESS = ("@HOST@", 0)


@contextlib.contextmanager
def seen(map_index=-1):
    """Be seen while the block runs; it is told whether the work was done."""
    names = ("DAG_ID", "DAG_RUN_ID", "TASK_ID")
    who = [os.environ["AIRFLOW_CTX_" + name] for name in names]
    number = int(os.environ["AIRFLOW_CTX_TRY_NUMBER"])
    connection = connected()
    told = {"who": [*who, map_index, number], "pod": os.environ["HOSTNAME"]}
    connection.sendall(json.dumps(told).encode() + b"\n")
    assert connection.recv(100)
    yield number
    connection.sendall(b"end\n")
    connection.recv(100)
    connection.close()


def connected():
    """A connection to the witness; a network that is just begun may not be there yet."""
    for _ in range(50):
        try:
            connection = socket.create_connection(ADDRESS, timeout=10)
        except OSError:
            time.sleep(0.2)
        else:
            connection.settimeout(None)
            return connection
    raise OSError("the witness does not answer")


if __name__ == "__main__":
    with seen() as number:
        time.sleep(float(sys.argv[1]))
    if number <= int(sys.argv[2]):  # fails by design, its work done
        raise SystemExit(3)
