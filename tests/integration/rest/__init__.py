"""Airflow's own client, and others, at the REST of a running GoFlow; the same calls to Airflow 3.3.2 beside it."""
