"""What every backend must do (`goflow.executor.backend`), once: `cases` holds it, `stage` is what it is played on.

The local backend is held to it here, the kubernetes backend in ``tests/cluster/test_backend.py``.
"""
