"""The operators, sensors and hooks of Airflow's standard provider, each file by what it does."""
