"""Whose token it is: minted ones of the local backend, reviewed ones of Kubernetes."""

from __future__ import annotations

import dataclasses

import pytest

from goflow.domain.runs import Launch
from goflow.domain.state import LaunchState
from goflow.executor.tokens import TokenMint
from goflow.kube.errors import KubeError
from goflow.server import attempts
from goflow.server.attempts import MintGuard, TokenReviewGuard

AUDIENCE = "goflow"
LAUNCH = Launch(
    id="a" * 32, task_instance_id=1, try_number=1, ordinal=1, state=LaunchState.CREATED, backend="kubernetes",
    namespace="team", job_name="d-t-aaaa",
)  # fmt: skip


def status(pod="d-t-aaaa-x7k2p", user="system:serviceaccount:team:default", audiences=(AUDIENCE,), good=True):
    """What TokenReview answers."""
    extra = {"authentication.kubernetes.io/pod-name": [pod] if isinstance(pod, str) else pod}
    return {"authenticated": good, "audiences": list(audiences), "user": {"username": user, "extra": extra}}


class Api:
    """Answers reviews with STATUS, or raises it."""

    def __init__(self, answer):
        self.answer = answer
        self.asked = 0

    def review_token(self, token, audience):
        assert audience == AUDIENCE
        self.asked += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


REVIEWS = {
    "the launch's own pod": (status(), True),
    "a token that is no more good": (status(good=False), False),
    "a token for somebody else's audience": (status(audiences=["https://kubernetes.default.svc"]), False),
    "a review without audiences": (status(audiences=[]), False),
    "a pod of another launch": (status("d-t-bbbb-x7k2p"), False),
    "a pod whose name only begins alike": (status("d-t-aaaa-b-x7k2p"), False),
    "a pod in another namespace": (status(user="system:serviceaccount:other:default"), False),
    "a service account's token that is bound to no pod": (status([]), False),
    "a token that is bound to two pods": (status(["d-t-aaaa-1", "d-t-aaaa-2"]), False),
    "a person's token": (status(user="kubernetes-admin"), False),
    "an empty review": ({}, False),
    "a review without a user": ({"authenticated": True, "audiences": [AUDIENCE]}, False),
}


@pytest.mark.parametrize(("answer", "allowed"), REVIEWS.values(), ids=REVIEWS.keys())
def test_a_token_is_good_for_the_pod_of_its_launch(answer, allowed):
    assert TokenReviewGuard(Api(answer), AUDIENCE).allows(LAUNCH, "token") is allowed


SHARED = {
    "the pod of its index": ("d-t-aaaa-7-x7k2p", True),
    "the pod of another index": ("d-t-aaaa-8-x7k2p", False),
    "the pod of an index that ends alike": ("d-t-aaaa-17-x7k2p", False),
    "a pod of the Job without an index": ("d-t-aaaa-x7k2p", False),
    "a pod of another Job with that index": ("d-t-bbbb-7-x7k2p", False),
}


@pytest.mark.parametrize(("pod", "allowed"), SHARED.values(), ids=SHARED.keys())
def test_in_a_job_that_launches_share_a_token_is_good_for_its_index(pod, allowed):
    launch = dataclasses.replace(LAUNCH, job_index=7)
    assert TokenReviewGuard(Api(status(pod)), AUDIENCE).allows(launch, "token") is allowed


def test_a_good_token_is_reviewed_again_only_after_a_while(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(attempts.time, "monotonic", lambda: now[0])
    api = Api(status())
    guard = TokenReviewGuard(api, AUDIENCE)
    assert [guard.allows(LAUNCH, "token") for _ in range(3)] == [True] * 3
    assert api.asked == 1
    now[0] += attempts.REVIEW_KEPT_S + 1
    api.answer = status(good=False)
    assert not guard.allows(LAUNCH, "token")


def test_a_bad_token_is_not_remembered():
    api = Api(status(good=False))
    guard = TokenReviewGuard(api, AUDIENCE)
    assert not guard.allows(LAUNCH, "token")
    api.answer = status()
    assert guard.allows(LAUNCH, "token")


def test_what_is_remembered_does_not_grow_for_ever(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(attempts.time, "monotonic", lambda: now[0])
    guard = TokenReviewGuard(Api(status()), AUDIENCE)
    for number in range(10_001):
        guard.allows(LAUNCH, f"old{number}")
    now[0] += attempts.REVIEW_KEPT_S + 1
    guard.allows(LAUNCH, "new")
    assert len(guard._seen) == 1


def test_an_api_server_that_does_not_answer_is_no_refusal():
    with pytest.raises(KubeError):
        TokenReviewGuard(Api(KubeError(0, "Away", "no answer")), AUDIENCE).allows(LAUNCH, "token")


TOKENS = {
    "its own": (lambda mint: mint.token(LAUNCH.id), True),
    "another launch's": (lambda mint: mint.token("b" * 32), False),
    "another installation's": (lambda mint: TokenMint(b"another key of 16").token(LAUNCH.id), False),
    "in capitals": (lambda mint: mint.token(LAUNCH.id).upper(), False),
    "a part of it": (lambda mint: mint.token(LAUNCH.id)[:-1], False),
    "nothing": (lambda mint: "", False),
    "no ASCII": (lambda mint: "ä" * 64, False),
    "half a surrogate pair": (lambda mint: "\udcff", False),
}


@pytest.mark.parametrize(("token", "good"), TOKENS.values(), ids=TOKENS.keys())
def test_a_minted_token_is_good_for_its_launch(token, good):
    mint = TokenMint(b"0123456789abcdef")
    assert MintGuard(mint).allows(LAUNCH, token(mint)) is good


def test_a_key_that_is_too_short_is_refused():
    with pytest.raises(ValueError, match="at least 16 bytes"):
        TokenMint(b"short")


RUNNER, RUNNERS = "flow-triggers-5f6d-x7k2p", "system:serviceaccount:goflow:flow-triggers"
RUNNER_REVIEWS = {
    "its own pod": (status(RUNNER, RUNNERS), True),
    "another runner's pod": (status("flow-triggers-5f6d-other", RUNNERS), False),
    "a task's pod that is called so": (status(RUNNER), False),
    "the account of that name elsewhere": (status(RUNNER, "system:serviceaccount:team:flow-triggers"), False),
    "a token that is no more good": (status(RUNNER, RUNNERS, good=False), False),
}


@pytest.mark.parametrize(("answer", "allowed"), RUNNER_REVIEWS.values(), ids=RUNNER_REVIEWS.keys())
def test_a_trigger_runner_is_a_pod_with_the_runners_account(answer, allowed):
    guard = TokenReviewGuard(Api(answer), AUDIENCE, runner_namespace="goflow", runner_account="flow-triggers")
    assert guard.allows_runner(RUNNER, "token") is allowed


def test_where_runners_have_no_account_nobody_is_one():
    assert not TokenReviewGuard(Api(status(RUNNER, RUNNERS)), AUDIENCE).allows_runner(RUNNER, "token")


def test_a_runners_token_is_no_launchs_and_no_launchs_is_a_runners():
    mint = TokenMint(b"0123456789abcdef")
    assert MintGuard(mint).allows_runner("r", mint.runner_token("r"))
    assert not MintGuard(mint).allows_runner("r", mint.runner_token("other"))
    assert not MintGuard(mint).allows_runner(LAUNCH.id, mint.token(LAUNCH.id))
    assert not MintGuard(mint).allows(LAUNCH, mint.runner_token(LAUNCH.id))
