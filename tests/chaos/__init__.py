"""Chaos on the real cluster: the daemon is killed again and again, and all that it hangs on misbehaves meanwhile.

Here belong the proxy that stands before the API server and does what networks and servers do (`proxy`, `weather`,
`streams`), the faults of daemon, pods, node and server (`faults`), the DAGs that run through all of it (`workload`, `dags`),
the witness that containers tell of themselves, outside of GoFlow (`witness`), the course of it all (`storm`), and what must
be true afterwards (`verdict`). `python -m tests.chaos` is the long form; `tests/cluster/test_chaos.py` the short one.
"""
