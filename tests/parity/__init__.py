"""Outcome parity: Airflow's own example DAGs, run by Airflow and by GoFlow, and held against each other.

`make parity` runs the whole. What belongs here: the two drivers (`airflow_side`, with `inside` in Airflow's own
interpreter; `goflow_side`), what is compared and how (`outcomes`), and the list of examples (`examples.json`).
"""
