"""Alerts: rules, channels and delivery. Nothing is here yet.

What will belong here is who is told when a run fails or is late; what happened is read from the events of the store.
"""
