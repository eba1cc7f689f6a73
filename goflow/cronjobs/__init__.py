"""CronJobs that GoFlow has placed into Kubernetes and watches. Nothing is here yet.

What will belong here is making them from DAGs of one task, keeping them in step, and noticing the days they missed.
"""
