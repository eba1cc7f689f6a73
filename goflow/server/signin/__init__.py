"""Who asks, and what they may do: roles by path, tokens and sessions, passwords, cookies, identity providers.

`roles` has the one table of what takes which role; `callers` says who a request is from; REST asks both for every
request (`goflow.server.rest.context`). Users and sessions are kept by `goflow.store.users` and `goflow.store.sessions`.
The task API has nothing to do with any of this: it takes tokens of attempts alone (`goflow.server.attempts`).
"""
