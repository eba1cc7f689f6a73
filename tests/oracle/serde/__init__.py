"""Results as Airflow's serde keeps and gives them back: a table of values, and what Airflow 2.11.2 and 3.3.2 make of each.

`values` has the table, `driver` runs in Airflow's interpreter or in the shim's; ``truth-VERSION.json`` is what the former
has said (``python -m tests.oracle serde``).
"""
