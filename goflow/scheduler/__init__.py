"""Step 6 of the data's way, *plan*: what the store holds, and the time, become decisions.

Here belong timetables, trigger rules, limits, expansion, the roll-up of runs, the loop that drives them, and what
people may order (trigger, clear, mark). Here does not belong how a task runs (executor), what a file means (parser), or
any SQL (store). The planning is pure: it is handed plain values and the time, and hands back decisions.
"""
