"""The one place where states change: tasks, runs and launches, each by compare-and-set with its event.

What belongs here: checking a change against `goflow.domain.state`, making it only if nobody was faster, the moments and
rows that follow from it, and the event, all in the caller's transaction. What does not: deciding that a change is due.
"""

from goflow.store.transitions.alerts import (
    close_message,
    end_message,
    put_into_message,
    raise_alert,
    resolve_alerts,
    retry_message,
)
from goflow.store.transitions.assets import register_asset_events, take_in, unqueue
from goflow.store.transitions.backfills import (
    add_backfill_runs,
    complete_backfill,
    create_backfill,
    set_backfill_paused,
    take_over_run,
)
from goflow.store.transitions.callbacks import claim_callbacks, end_callback, lose_callbacks, request_callback
from goflow.store.transitions.deadlines import (
    meet_deadlines,
    miss_deadlines,
    move_deadlines,
    record_sla_misses,
    set_deadlines,
    tell_sla_misses,
)
from goflow.store.transitions.hitl import answer_question, ask_person, expire_question, resume_answered
from goflow.store.transitions.launches import (
    Claimed,
    LaunchChange,
    advance_launch,
    advance_launches,
    claim_launch,
    claim_launches,
    lock_tasks_of,
    replace_launch,
    request_stop,
    stop_launches,
    with_open_launches,
)
from goflow.store.transitions.partitions import take_partition
from goflow.store.transitions.planning import LaunchRequest, Limit, note_launch, plan_launch, plan_launches
from goflow.store.transitions.questions import ask_code, claim_questions, give_up_question, store_answer
from goflow.store.transitions.runs import RunChange, advance_run, advance_runs
from goflow.store.transitions.tasks import TaskChange, advance_task, apply, clear_tasks, mark_task
from goflow.store.transitions.triggers import (
    claim_triggers,
    defer_task,
    due_event,
    fire_trigger,
    forget_trigger,
    return_triggers,
)
from goflow.store.transitions.watches import (
    claim_watches,
    fire_watcher,
    reconcile_watches,
    return_watches,
    tell_watchers,
)

__all__ = [
    "Claimed",
    "LaunchChange",
    "LaunchRequest",
    "Limit",
    "RunChange",
    "TaskChange",
    "add_backfill_runs",
    "advance_launch",
    "advance_launches",
    "advance_run",
    "advance_runs",
    "advance_task",
    "answer_question",
    "apply",
    "ask_code",
    "ask_person",
    "claim_callbacks",
    "claim_launch",
    "claim_launches",
    "claim_questions",
    "claim_triggers",
    "claim_watches",
    "clear_tasks",
    "close_message",
    "complete_backfill",
    "create_backfill",
    "defer_task",
    "due_event",
    "end_callback",
    "end_message",
    "expire_question",
    "fire_trigger",
    "fire_watcher",
    "forget_trigger",
    "give_up_question",
    "lock_tasks_of",
    "lose_callbacks",
    "mark_task",
    "meet_deadlines",
    "miss_deadlines",
    "move_deadlines",
    "note_launch",
    "plan_launch",
    "plan_launches",
    "put_into_message",
    "raise_alert",
    "reconcile_watches",
    "record_sla_misses",
    "register_asset_events",
    "replace_launch",
    "request_callback",
    "request_stop",
    "resolve_alerts",
    "resume_answered",
    "retry_message",
    "return_triggers",
    "return_watches",
    "set_backfill_paused",
    "set_deadlines",
    "stop_launches",
    "store_answer",
    "take_in",
    "take_over_run",
    "take_partition",
    "tell_sla_misses",
    "tell_watchers",
    "unqueue",
    "with_open_launches",
]
