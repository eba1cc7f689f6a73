"""Where real Apache Airflow stands beside GoFlow.

Here belongs what needs an installed Airflow: its environments, what its DagBag sees in DAG files, the states to which
its scheduler brings its own example DAGs, and those examples for GoFlow's tests to run. No judgement of our own is
made here: what is right is what Airflow does. `python -m tests.oracle --help` lists the commands.
"""
