"""The table of templates, and what Airflow itself renders of it.

`cases` has the table: run kinds, templates, fields. `drivers/` has a script per release that renders all of it inside
that Airflow; what it prints is kept as ``truth-VERSION.json``, and GoFlow's shim and daemon are held to that
(``tests/unit/airflow_shim/test_rendering_truth.py``, ``tests/unit/templating``). ``python -m tests.oracle rendering``
makes the truth anew.
"""
