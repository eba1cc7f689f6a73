"""How tasks end: DAG files of our own (``both``, with what differs in spelling in ``airflow_2`` and ``airflow_3``), a task
for each way to end, run by real Airflow and by GoFlow like the examples, and what is called of each task on the way.

``python -m tests.parity.ends`` runs both sides and keeps Airflow's as data (``truth-*.json``), which the tests hold GoFlow
against. ``known.json`` has the differences that stay, with their reasons.
"""
