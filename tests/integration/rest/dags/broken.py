"""No Python, and by its words a file of Airflow DAGs: an import error of both sides."""

def (
