"""What starts in the task's container, and the wire format that it shares with the daemon.

Only the standard library is used here, and little of that is imported before it is needed: this package starts before
every task. ``wire`` is the format, ``client`` speaks it, ``main`` is the container's command, ``local`` the supervisor
of the local backend. What runs Python operators is the distribution goflow-airflow-shim, reached through its one door
``airflow._goflow.execute``.
"""

__version__ = "0.1.0"
