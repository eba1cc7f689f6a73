"""A slow and obvious model of the scheduler, and the machine that holds the two together.

What belongs here: `shape`, `rules`, `run` and `world`, which say what should become of runs and tasks, written from
Airflow's documentation and GoFlow's and sharing nothing with ``goflow.scheduler``; `dags`, which makes random DAGs;
`real`, the real scheduler on its store, with its crashes; `machine`, which does the same to both and compares.
"""
