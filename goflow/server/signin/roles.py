"""Which role a request takes, by its method and path: the one table of it. ``docs/sign-in.md`` shows the same."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

from goflow.domain.roles import Role

READ = ("GET", "HEAD", "OPTIONS")
"""Methods that change nothing."""


@dataclass(frozen=True, slots=True)
class Rule:
    """METHODS: ``read``, ``write`` or one of HTTP's. PATH: as routes have it; ``*`` is one part of it, ``**`` all that
    follows, nothing included. ROLE None: anybody may, without a sign-in."""

    methods: str
    path: str
    role: Role | None

    def fits(self, method: str, path: str) -> bool:
        """Whether the rule is about such a request."""
        kind = "read" if method in READ else "write"
        return self.methods in {kind, method} and _pattern(self.path).fullmatch(path) is not None


_VIEWER, _OPERATOR, _ADMIN = Role.VIEWER, Role.OPERATOR, Role.ADMIN

RULES = (
    # what is there before anybody has signed in
    Rule("read", "/healthz", None),
    Rule("read", "/readyz", None),
    Rule("read", "/metrics", None),
    Rule("read", "/api/v2/version", None),
    Rule("read", "/api/v2/monitor/health", None),
    Rule("POST", "/auth/token/**", None),
    Rule("read", "/api/v2/auth/*", None),
    Rule("read", "/goflow/v1/session", None),
    Rule("write", "/goflow/v1/session", None),
    Rule("read", "/goflow/v1/oidc/*", None),
    # what belongs to whoever has signed in
    Rule("read", "/goflow/v1/me/**", _VIEWER),
    Rule("write", "/goflow/v1/me/password", _VIEWER),
    Rule("DELETE", "/goflow/v1/me/sessions/*", _VIEWER),
    # who may sign in, and secrets
    Rule("read", "/goflow/v1/users/**", _ADMIN),
    Rule("write", "/goflow/v1/users/**", _ADMIN),
    Rule("read", "/goflow/v1/tokens/**", _ADMIN),
    Rule("write", "/goflow/v1/tokens/**", _ADMIN),
    Rule("read", "/api/v2/config/**", _ADMIN),
    Rule("read", "/api/v2/connections/**", _OPERATOR),
    Rule("write", "/api/v2/connections/**", _ADMIN),
    Rule("read", "/api/v2/variables/**", _OPERATOR),
    Rule("write", "/api/v2/variables/**", _ADMIN),
    Rule("read", "/goflow/v1/variables/**", _ADMIN),
    Rule("write", "/goflow/v1/variables/**", _ADMIN),
    Rule("write", "/goflow/v1/connections/**", _ADMIN),
    # a file says which container runs, as whom: whoever may write one may do what the tasks' accounts may
    Rule("POST", "/goflow/v1/job-files", _ADMIN),
    Rule("PUT", "/goflow/v1/job-files/**", _ADMIN),
    Rule("DELETE", "/goflow/v1/job-files/**", _ADMIN),
    # lists that Airflow has asked for by POST
    Rule("POST", "/api/v2/dags/*/dagRuns/list", _VIEWER),
    Rule("POST", "/api/v2/dags/*/dagRuns/*/taskInstances/list", _VIEWER),
    # what everybody has of their own
    Rule("POST", "/api/v2/dags/*/favorite", _VIEWER),
    Rule("POST", "/api/v2/dags/*/unfavorite", _VIEWER),
    # the operator's work
    Rule("write", "/api/v2/assets/**", _OPERATOR),
    Rule("write", "/api/v2/backfills/**", _OPERATOR),
    Rule("write", "/api/v2/dags/**", _OPERATOR),
    Rule("write", "/api/v2/parseDagFile/**", _OPERATOR),
    Rule("write", "/api/v2/pools/**", _OPERATOR),
    Rule("write", "/goflow/v1/alerts/**", _OPERATOR),
    Rule("write", "/goflow/v1/daemons/**", _OPERATOR),
    Rule("write", "/goflow/v1/pools/**", _OPERATOR),
    Rule("POST", "/goflow/v1/job-files/check", _OPERATOR),
    Rule("POST", "/goflow/v1/job-files/try", _OPERATOR),
    Rule("write", "/goflow/v1/dags/**", _OPERATOR),
    # all that is left: who has signed in may read it, and changes take an admin until a rule says otherwise
    Rule("read", "/api/v2/**", _VIEWER),
    Rule("read", "/goflow/v1/**", _VIEWER),
)
"""The first that fits holds."""


def rule_of(method: str, path: str) -> Rule | None:
    """The rule for METHOD on PATH, a route's own (``/api/v2/dags/{dag_id}``); None: there is none."""
    return next((rule for rule in RULES if rule.fits(method, path)), None)


@functools.lru_cache(maxsize=1024)
def needed(method: str, path: str) -> Role | None:
    """The role that METHOD on the route PATH takes; None: nobody is asked who they are. Without a rule, an admin's."""
    rule = rule_of(method, path)
    return Role.ADMIN if rule is None else rule.role


@functools.cache
def _pattern(path: str) -> re.Pattern[str]:
    words = {"**": "(?:/.*)?", "*": "[^/]+"}
    parts = re.split(r"(/\*\*|\*)", path)
    return re.compile("".join(words[part.lstrip("/")] if part in {"/**", "*"} else re.escape(part) for part in parts))
