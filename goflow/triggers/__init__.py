"""Deferred work: the helper processes that run other people's triggers (decision 8 of the architecture).

Nothing is here yet: a deferred task waits for its trigger in its own process, where the shim runs it. What will belong
here is holding many triggers per process, and moving them when a process dies.
"""
