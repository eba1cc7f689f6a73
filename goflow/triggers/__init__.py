"""Deferred work: the helper processes that run other people's triggers and callbacks (decision 8 of the architecture).

What belongs here: which trigger runner gets which triggers, what it is told to begin and to leave, what becomes of what
it tells, and keeping as many runners as are wanted. A runner itself is `goflow_runner.trigger_runner`: nobody's trigger
is ever made in the daemon. What does not: the states of tasks and triggers, and claiming them (`goflow.store`).
"""
