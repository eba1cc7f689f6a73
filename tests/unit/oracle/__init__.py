"""Tests of what stands beside the real Airflow, as far as they need none installed."""
