"""CronJobs: those that GoFlow places for DAGs and keeps equal to their files, and those of others that it watches.

Here belongs what a CronJob should be and is, what its Jobs tell, and how they become runs: a Job is one run, each of
its pods an attempt. What does not: making a manifest of a DAG (`goflow.operators.cronjob`), and deciding what follows
from an end (`goflow.domain.outcomes`, the scheduler). Nothing is done to what somebody else has made.
"""
