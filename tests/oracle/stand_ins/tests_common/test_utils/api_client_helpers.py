"""Calls of Airflow's REST API; made by tasks, so that nothing of them is needed to import a file."""

from __future__ import annotations


def make_authenticated_rest_api_request(path, method, body=None, username="admin", password="admin"):
    raise NotImplementedError("no API server stands behind these files")


def create_airflow_connection(connection_id, connection_conf, use_admin=True):
    make_authenticated_rest_api_request(
        "/api/v2/connections", "POST", {"connection_id": connection_id, **connection_conf}
    )


def delete_airflow_connection(connection_id, use_admin=True):
    make_authenticated_rest_api_request(f"/api/v2/connections/{connection_id}", "DELETE")
