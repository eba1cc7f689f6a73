"""Alerts: who is told when a run fails, is late or never began; what is wrong with a file, or with a daemon.

``reading`` makes rules and channels of ``alerts.yaml``. The `Alerter` reads the store's events past a place that it
keeps there, decides what follows from them (``deciding``, ``telling``, ``mails``), and writes alerts and messages in
one transaction; the `Sender` hands messages to ``channels`` until they have taken them. The `Watchdog` tells somebody
outside that the daemon is well. What happened is the store's to say and is not decided here, which runs were due is the
scheduler's; and nothing that runs tasks waits for this room.
"""
