"""Processes that begin, hang, die and are killed, and daemons that are killed at any statement: what the rest makes of
it. The rooms' own tests are in ``tests/unit``, and so are the fixtures.
"""
