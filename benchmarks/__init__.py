"""GoFlow and Apache Airflow, measured side by side on one machine in one run: `python -m benchmarks`.

Here belongs what is measured, how, and the table that tells it. Both sides get the same DAG files and are driven from
outside only: Airflow through its REST API and commands, GoFlow through its command line. Figures that were measured
stand in docs/benchmarks.md; limits that tests hold GoFlow to do not belong here.
"""
