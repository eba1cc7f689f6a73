"""`TaskSpec` to `JobPlan`: which container runs a task, with which command, one file per family of operators.

``plan`` holds the plan itself, ``registry`` finds the family of a task, ``manifest`` renders a plan as a Job. Nothing
here talks to a cluster or a database.
"""
