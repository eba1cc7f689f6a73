"""Stand-ins for what the tests of Airflow's providers share, which is in no package: enough to import their DAG files."""
