"""When it is believed that a launch is forbidden."""

from __future__ import annotations

from goflow.executor.answers import why_not
from goflow.executor.backend import BackendAwayError, LaunchRefusedError
from goflow.executor.refusals import SURE_AFTER_S, Refusals
from goflow.kube.errors import error_for

NO_ROLE = why_not(
    error_for(403, "Forbidden", 'User "goflow" cannot create resource "jobs": role "goflow" not found', None)
)


def test_a_right_that_is_missing_is_believed_once_the_server_must_know_its_roles() -> None:
    now = [0.0]
    refusals = Refusals(lambda: now[0])
    first = refusals.meaning("a", NO_ROLE)
    assert isinstance(first, BackendAwayError)
    assert (first.reason, first.waits) == ("Forbidden", "launch")
    now[0] = SURE_AFTER_S - 1
    assert isinstance(refusals.meaning("a", NO_ROLE), BackendAwayError)
    assert isinstance(refusals.meaning("b", NO_ROLE), BackendAwayError)
    now[0] = SURE_AFTER_S + 1
    refused = refusals.meaning("a", NO_ROLE)
    assert isinstance(refused, LaunchRefusedError)
    assert refused.reason == "Forbidden"
    assert isinstance(refusals.meaning("b", NO_ROLE), BackendAwayError), "each launch has its own time"


def test_what_is_invalid_is_refused_at_once_and_what_waits_waits_as_it_did() -> None:
    refusals = Refusals()
    assert isinstance(
        refusals.meaning("a", why_not(error_for(422, "Invalid", "no such field", None))), LaunchRefusedError
    )
    away = why_not(error_for(403, "Forbidden", "exceeded quota: team, requested: count/jobs.batch=1", None))
    assert refusals.meaning("a", away) is away
