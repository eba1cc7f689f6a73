"""REST for people and scripts: Airflow's own v2 paths where it has them, GoFlow's own things below ``/goflow/v1``.

One module per kind of thing; ``app`` puts them together, ``shapes`` holds the bodies.
"""
