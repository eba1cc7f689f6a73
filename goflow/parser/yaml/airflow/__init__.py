"""Airflow's own YAML (AIP-85, from Airflow 3.4): documents with a ``$schema`` of airflow.apache.org.

``grammar`` checks what a document may say, ``markers`` and ``temporal`` are the values in it, ``building`` makes the
DAG with the models that Python files use. The rules are those of ``airflow.sdk.importers.yaml_importer``; what that
format reserves for later is refused here as there.
"""
