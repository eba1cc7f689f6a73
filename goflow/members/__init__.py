"""Daemons that share a database: who is there, who does what only one may do, and who looks after what.

Here is what all that knows of no work: the members, their shares by name, and leases as fenced duties. What a duty is
about stands in the rooms above, which are told whether they have it, and ask in each transaction.
"""
