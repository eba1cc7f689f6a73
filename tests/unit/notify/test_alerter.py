"""What follows from what happened: which messages go to whom, together with what, and what recovers."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from sqlalchemy import delete

from goflow.domain.alerts import AlertKind, MissedRuns
from goflow.domain.diagnostics import Diagnostic, Span
from goflow.domain.runs import DagRun
from goflow.domain.state import RunState, TaskState
from goflow.notify.alerter import SCHEDULING
from goflow.store import Store, dags, events, import_errors, installation, readers, tables, transitions
from goflow.store import alerts as stored
from tests.stores import START, bash_dag, make_run
from tests.unit.notify.kit import HOOK, Stage

S, F = RunState.SUCCESS, RunState.FAILED


@pytest.fixture
def stage_of(sqlite_store: Store, tmp_path: Path):
    return lambda text: Stage(sqlite_store, tmp_path, text)


def rules(*on: str, more: str = "") -> str:
    return f"{HOOK}rules:\n  - {{name: r, on: [{', '.join(on)}], channels: hook{more}}}\n"


def test_a_failed_run_is_told_once_with_its_reasons(stage_of) -> None:
    stage = stage_of(rules("failed"))
    made = stage.run("r1")
    stage.end_task(made, "first", TaskState.FAILED, "exit code 3: no such table")
    stage.end(made, F)
    assert stage.turn(9) == []  # more of the group is waited for
    assert stage.turn(2) == ["hook: DAG example failed: run r1"]
    content = stage.content()
    assert "first: exit code 3: no such table" in content["text"]
    assert content["severity"] == "critical"
    [alert] = content["alerts"]
    assert (alert["kind"], alert["dag_id"], alert["run_id"], alert["rules"]) == ("failed", "example", "r1", ["r"])
    assert alert["labels"]["url"] == "https://flow.example.com/dags/example/runs/r1"
    assert stage.turn() == []


def test_what_happened_before_anybody_looked_is_no_news(sqlite_store: Store, tmp_path: Path) -> None:
    with sqlite_store.transaction() as tx:
        made = make_run(tx)
        transitions.advance_run(tx, made.run.id, RunState.RUNNING, F, who="scheduler")
    stage = Stage(sqlite_store, tmp_path, rules("failed"))
    assert stage.turn() == []


def test_how_far_it_has_read_is_written_down_also_where_there_is_nothing_to_tell(stage_of) -> None:
    """A purge leaves the events behind that place."""
    stage = stage_of(rules("failed"))

    def places() -> tuple[int | None, int]:
        with stage.store.reading() as tx:
            return readers.place(tx, readers.ALERTS), events.last_seq(tx)

    stage.end(stage.run("r1"), S)
    stage.turn(readers.NOTE_EVERY_S + 1)
    place, last = places()
    assert place is not None
    assert place < last, "not for each event"
    stage.turn()
    assert places() == (last, last)
    with stage.store.transaction() as tx:
        tx.change(delete(tables.events))
    stage.alerter = stage.another_alerter()
    stage.turn(readers.NOTE_EVERY_S + 1)
    stage.turn()
    assert places() == (last, 0), "it never goes back"


def test_what_happened_while_the_daemon_was_away_is_told_by_the_next_one(stage_of) -> None:
    stage = stage_of(rules("failed"))
    stage.end(stage.run("r1"), F)
    stage.alerter = stage.another_alerter()
    assert stage.turn() == ["hook: DAG example failed: run r1"]
    stage.alerter = stage.another_alerter()
    assert stage.turn() == []


def test_a_decision_that_was_not_committed_is_made_again_once(stage_of, monkeypatch: pytest.MonkeyPatch) -> None:
    stage = stage_of(rules("failed"))
    stage.end(stage.run("r1"), F)
    original = transitions.put_into_message

    def killed(*args, **kwargs):
        original(*args, **kwargs)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(transitions, "put_into_message", killed)
        with pytest.raises(KeyboardInterrupt):
            stage.alerter.look()
    stage.alerter = stage.another_alerter()
    assert stage.turn() == ["hook: DAG example failed: run r1"]
    assert stage.turn() == []


def test_runs_of_one_dag_come_in_one_message_and_others_in_their_own(stage_of) -> None:
    stage = stage_of(rules("failed", more=", repeat_interval: 0"))
    for run_id in ("r1", "r2"):
        stage.end(stage.run(run_id), F)
    stage.end(stage.run("r1", bash_dag("other")), F)
    assert stage.turn() == ["hook: 2 alerts: 2 failed (example)", "hook: DAG other failed: run r1"]
    everything = stage_of(rules("failed", more=", repeat_interval: 0, group_by: []"))
    everything.end(everything.run("r3"), F)
    everything.end(everything.run("r2", bash_dag("other")), F)
    assert everything.turn() == ["hook: 2 alerts: 2 failed (example, other)"]


def test_the_same_problem_is_not_told_again_for_a_while(stage_of) -> None:
    stage = stage_of(rules("failed", more=", repeat_interval: 10m"))
    stage.end(stage.run("r1"), F)
    assert len(stage.turn(300)) == 1
    stage.end(stage.run("r2"), F)
    assert stage.turn(301) == []
    with stage.store.reading() as tx:
        newest = stored.list_(tx, limit=1)[0]
    assert str(newest.labels["untold"]["hook"]).startswith("it was told the same at 2026-03-01T12:00:00")
    stage.end(stage.run("r3"), F)
    assert len(stage.turn()) == 1


def test_the_next_success_is_a_recovery_for_who_was_told(stage_of) -> None:
    text = (
        "channels: {a: {webhook: {url: 'http://x'}}, b: {webhook: {url: 'http://x'}}}\nrules:\n"
        "  - {name: one, on: [failed, recovered], channels: a}\n"
        "  - {name: two, on: failed, channels: b}\n"
        "  - {name: three, on: recovered, channels: b}\n"
    )
    stage = stage_of(text)
    stage.end(stage.run("r0"), S)
    assert stage.turn() == []
    stage.end(stage.run("r1"), F)
    assert stage.turn() == ["a: DAG example failed: run r1", "b: DAG example failed: run r1"]
    stage.end(stage.run("r2"), F)
    stage.end(stage.run("r3"), S)
    assert stage.turn() == ["a: DAG example has recovered"]
    assert "DAG example failed: run r2 (2 times)" in stage.content()["text"]
    stage.end(stage.run("r4"), S)
    assert stage.turn() == []
    with stage.store.reading() as tx:
        assert stored.open_(tx) == []


def test_a_problem_that_comes_and_goes_is_told_each_time_in_full(stage_of) -> None:
    stage = stage_of(rules("failed", "recovered", more=", repeat_interval: 5m"))
    told = []
    for number in range(3):
        stage.end(stage.run(f"bad{number}"), F)
        told += stage.turn(290)
        stage.end(stage.run(f"good{number}"), S)
        told += stage.turn(20)
    assert [line.split(": ", 1)[1][:21] for line in told] == ["DAG example failed: r", "DAG example has recov"] * 3


def test_tasks_that_fail_are_tried_again_and_recover(stage_of) -> None:
    stage = stage_of(rules("task_failed", "retried", "recovered", more=", group_by: [kind], group_wait: 0"))
    made = stage.run("r1")
    stage.end_task(made, "first", TaskState.UP_FOR_RETRY, "boom")
    assert stage.turn() == ["hook: Task example.first is tried again (try 1 of 1)"]
    assert stage.content()["text"].startswith("boom\nretried at ")
    stage.end_task(made, "second", TaskState.FAILED)
    assert stage.turn() == ["hook: Task example.second failed (try 1 of 1)"]
    again = stage.run("r2")
    stage.end_task(again, "first", TaskState.SUCCESS)
    assert stage.turn() == []
    stage.end_task(again, "second", TaskState.SUCCESS)
    assert stage.turn() == ["hook: Task example.second has recovered"]


def test_what_a_person_marks_is_not_told(stage_of) -> None:
    stage = stage_of(rules("failed", "task_failed"))
    made = stage.run("r1")
    stage.end_task(made, "first", TaskState.FAILED, reason="marked")
    stage.end(made, F, reason="marked")
    assert stage.turn() == []


def test_tags_choose_the_rule(stage_of) -> None:
    stage = stage_of(rules("failed", more=", tags: 'team-*'"))
    stage.end(stage.run("r1", bash_dag("plain")), F)
    stage.end(stage.run("r1", bash_dag("tagged", tags=("x", "team-a"))), F)
    assert stage.turn() == ["hook: DAG tagged failed: run r1"]


def test_each_channel_hears_once_though_two_rules_name_it(stage_of) -> None:
    text = HOOK + "rules:\n  - {name: a, on: failed, channels: hook}\n  - {name: b, on: failed, channels: hook}\n"
    stage = stage_of(text)
    stage.end(stage.run("r1"), F)
    assert len(stage.turn()) == 1
    assert stage.content()["alerts"][0]["rules"] == ["a", "b"]


def test_quiet_hours_hold_and_then_tell_everything_in_one(stage_of) -> None:
    quiet = ", quiet_hours: {from: '11:00', to: '13:00'}"  # it is 12:00
    stage = stage_of(rules("failed", "recovered", more=quiet + ", repeat_interval: 0"))
    stage.end(stage.run("r1"), F)
    assert stage.turn(60) == []
    stage.end(stage.run("r2"), F)
    stage.end(stage.run("r3"), S)
    assert stage.turn(60) == []
    assert stage.turn(3600) == ["hook: 3 alerts: 2 failed, 1 recovered (example)"]


def test_quiet_hours_may_drop_but_not_what_is_excepted(stage_of) -> None:
    quiet = ", quiet_hours: {from: '11:00', to: '13:00', then: drop, except: critical}"
    stage = stage_of(rules("failed", "retried", "recovered", more=quiet))
    made = stage.run("r1")
    stage.end_task(made, "first", TaskState.UP_FOR_RETRY)
    stage.end(made, F)
    assert stage.turn(7200) == ["hook: DAG example failed: run r1"]
    with stage.store.reading() as tx:
        untold = {alert.kind: alert.labels.get("untold") for alert in stored.list_(tx)}
    assert untold == {AlertKind.RETRIED: {"hook": "quiet hours"}, AlertKind.FAILED: None}


def test_files_that_cannot_be_taken_and_that_are_mended(stage_of) -> None:
    stage = stage_of(rules("import_error", "recovered"))
    with stage.store.transaction() as tx:
        fault = Diagnostic("GF002", "invalid syntax", Span("a/b.py", 3, 1))
        import_errors.put(tx, "a/b.py", [fault])
    assert stage.turn() == ["hook: The file a/b.py cannot be taken as it is"]
    assert "a/b.py:3:1: GF002 invalid syntax" in stage.content()["text"]
    with stage.store.transaction() as tx:
        import_errors.clear(tx, "a/b.py")
    assert stage.turn() == ["hook: a/b.py has recovered"]


def test_a_rule_for_some_dags_hears_of_their_files(stage_of) -> None:
    stage = stage_of(rules("import_error", more=", dags: mine"))
    stage.run("r1", bash_dag("mine"))
    with stage.store.transaction() as tx:
        for path in ("mine.py", "other.py"):
            import_errors.put(tx, path, [Diagnostic("GF002", "invalid syntax", Span(path))])
    assert stage.turn() == ["hook: The file mine.py cannot be taken as it is"]


def deadline_missed(stage: Stage, run: DagRun) -> None:
    with stage.store.transaction() as tx:
        data = {"deadline": 1, "name": "noon", "reference": "fixed", "deadline_time": START.isoformat()}
        events.emit(tx, events.DEADLINE_MISSED, dag_id=run.dag_id, run_id=run.run_id, who="scheduler", data=data)


def test_what_is_late_and_in_the_end_done(stage_of) -> None:
    stage = stage_of(rules("late", "recovered"))
    made = stage.run("r1")
    deadline_missed(stage, made.run)
    assert stage.turn() == ["hook: DAG example is late: run r1 has missed its deadline noon"]
    stage.end(made, S)
    assert stage.turn() == ["hook: DAG example has recovered"]


def test_a_late_run_that_fails_is_late_no_longer(stage_of) -> None:
    stage = stage_of(rules("late", "recovered"))
    made, other = stage.run("r1"), stage.run("r2")
    deadline_missed(stage, made.run)
    assert len(stage.turn()) == 1
    stage.end(other, S)  # another run says nothing of it
    with stage.store.reading() as tx:
        assert len(stored.open_(tx)) == 1
    stage.end(made, F)
    assert stage.turn() == []
    with stage.store.reading() as tx:
        assert stored.open_(tx) == []


def test_a_daemon_that_is_not_well_for_a_while(stage_of) -> None:
    stage = stage_of(rules("unhealthy", "recovered") + "unhealthy_after: 60\n")
    stage.wrong["kubernetes"] = "it does not answer"
    assert stage.turn(59) == []
    stage.alerter.look()
    del stage.wrong["kubernetes"]
    assert stage.turn() == []
    stage.wrong["kubernetes"] = "it does not answer"
    stage.turn(61)
    assert stage.turn() == ["hook: GoFlow on host is not well: kubernetes"]
    assert "it does not answer" in stage.content()["text"]
    del stage.wrong["kubernetes"]
    stage.alerter = stage.another_alerter()  # which knows from the store what was told
    assert stage.turn() == ["hook: d1 has recovered"]


def test_a_daemon_that_fell_silent(stage_of) -> None:
    stage = stage_of(rules("unhealthy"))
    with stage.store.transaction() as tx:
        events.emit(tx, events.DAEMON_LEFT, who="d1", data={"daemon": "d2", "name": "x", "lost": True})
        events.emit(tx, events.DAEMON_LEFT, who="d3", data={"daemon": "d3", "name": "y"})
    assert stage.turn() == ["hook: The daemon d2 has fallen silent"]


def test_a_gap_in_scheduling_is_noticed_and_what_was_missed_told_once(stage_of) -> None:
    stage = stage_of(rules("missed", "recovered"))
    stage.turn(20)
    stage.clock.advance(3600)
    due = START + dt.timedelta(minutes=30)
    stage.schedules.given = [MissedRuns("example", (due,), "Nobody was scheduling.")]
    made = stage.run("r1")
    assert stage.turn() == [
        "hook: DAG example was missed: a run was due at 2026-03-01 12:30:00+00:00 and did not begin"
    ]
    [(since, until)] = stage.schedules.gaps
    assert (since, until) == (START, START + dt.timedelta(seconds=20 + 3600))
    assert stage.turn() == []  # although it is overdue still
    stage.end(made, S)
    assert stage.turn() == ["hook: DAG example has recovered"]


def test_nobody_writes_down_who_schedules_where_no_rule_is_about_missed_runs(stage_of, tmp_path: Path) -> None:
    stage = stage_of(rules("failed"))
    with stage.store.transaction() as tx:  # from a time when there was such a rule
        installation.set_(tx, SCHEDULING, START.isoformat())
    stage.clock.advance(86400)
    stage.alerter.note_scheduling()
    with stage.store.reading() as tx:
        assert installation.find(tx, SCHEDULING) is None
    real = stage.store.transaction
    stage.store.transaction = lambda: pytest.fail("written")  # type: ignore[method-assign]
    stage.alerter.note_scheduling()
    stage.store.transaction = real  # type: ignore[method-assign]
    stage.config.path.write_text(rules("failed", "missed"))
    assert stage.config.look()
    stage.turn()
    assert stage.schedules.gaps == []  # nobody knows whether there was one


def test_a_dag_that_goes_takes_its_problems_along(stage_of) -> None:
    stage = stage_of(rules("failed", "recovered"))
    stage.end(stage.run("r1"), F)
    stage.turn()
    with stage.store.transaction() as tx:
        dags.deactivate(tx, ["example"], who="importer")
    assert stage.turn() == []
    with stage.store.reading() as tx:
        assert stored.open_(tx) == []


def test_alertmanager_hears_at_once_of_the_beginning_and_of_the_end(stage_of) -> None:
    text = (
        "channels: {am: {alertmanager: {urls: 'http://am:9093'}}}\nrules:\n"
        "  - {name: a, on: [failed, recovered], channels: am, quiet_hours: {from: '11:00', to: '13:00'}}\n"
    )
    stage = stage_of(text)
    stage.end(stage.run("r1"), F)
    assert stage.turn(0) == ["am: DAG example failed: run r1"]
    assert [one["status"] for one in stage.content()["alerts"]] == ["firing"]
    stage.end(stage.run("r2"), S)
    assert stage.turn(0) == ["am: DAG example failed: run r1"]
    [alert] = stage.content()["alerts"]
    assert (alert["status"], alert["resolved_at"]) == ("resolved", START.isoformat())


def test_nothing_is_written_while_all_goes_well(stage_of) -> None:
    stage = stage_of(rules("failed", "task_failed", "recovered"))
    made = stage.run("r1")
    stage.end_task(made, "first", TaskState.SUCCESS)
    stage.end(made, S)
    with stage.store.reading() as tx:
        before = events.last_seq(tx), stored.list_(tx)
    stage.alerter._last["beat"] = 0.0
    writes: list[object] = []
    real = stage.store.transaction
    stage.store.transaction = lambda: writes.append(1) or real()  # type: ignore[method-assign, func-returns-value]
    stage.alerter.look()
    stage.store.transaction = real  # type: ignore[method-assign]
    with stage.store.reading() as tx:
        assert (events.last_seq(tx), stored.list_(tx)) == before
    assert writes == []


def test_old_alerts_are_forgotten_but_never_open_ones(stage_of) -> None:
    stage = stage_of(rules("failed", "recovered") + "keep_days: 1\n")
    stage.end(stage.run("r1"), F)
    stage.turn()
    stage.end(stage.run("r2"), S)
    stage.end(stage.run("r1", bash_dag("other")), F)
    stage.turn(2 * 86400.0)
    stage.alerter.look()
    with stage.store.reading() as tx:
        assert [alert.dag_id for alert in stored.list_(tx)] == ["other"]


def test_what_kubernetes_has_missed_is_told_and_recovers(stage_of) -> None:
    stage = stage_of(rules("missed", "recovered"))
    made = stage.run("r1")
    with stage.store.transaction() as tx:
        told = {"points": [START.isoformat()], "why": "Kubernetes has made no Job for it."}
        events.emit(tx, events.CRONJOB_MISSED, dag_id="example", who="cronjobs", data=told)
    [message] = stage.turn(11)
    assert message.startswith("hook: DAG example was missed: a run was due at 2026-03-01 12:00:00")
    assert "Kubernetes has made no Job for it." in stage.content()["text"]
    stage.end(made, S)
    assert any("recovered" in message or "again" in message for message in stage.turn(11))
