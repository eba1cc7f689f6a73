"""What a DAG, a run, an attempt ARE: frozen dataclasses, the state table, diagnostics, errors, the clock.

Plain values and pure functions only: nothing here reads a file, a database, a cluster or the real time. Every higher
room speaks in these types.
"""
