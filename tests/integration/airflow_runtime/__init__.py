"""Tasks that the real Airflow 3.3.2 runs under GoFlow: on the local backend, its environment in place of an image."""
