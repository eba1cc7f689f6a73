"""Provider packages as they are published, on the shim and without Airflow, against real servers.

The environment (``pins/shim-providers.txt``) has the packages and their dependencies. DAG files in ``dags`` are read
by the reader, and their tasks are run one after the other by real runners in that environment.
"""
