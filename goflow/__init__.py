"""GoFlow: runs existing Airflow DAG files as Kubernetes Jobs, without Airflow.

The rooms of this house and the floors they stand on are described in ``docs/architecture.md``.
"""

__version__ = "0.1.0"
