"""Airflow cannot import it."""
from airflow import DAG

raise RuntimeError("not today, dag")
