"""What providers and authors take of Airflow's own services: metrics, mails, words."""

from __future__ import annotations

from airflow.sdk.execution_time.context import AIRFLOW_VAR_NAME_FORMAT_MAPPING, DEFAULT_FORMAT_PREFIX
from airflow.stats import Stats
from airflow.utils.email import build_mime_message


def test_metrics_are_taken_and_dropped():
    Stats.incr("orders", 2, tags={"shop": "a"})
    Stats.decr("orders")
    Stats.gauge("stock", 3)
    Stats.timing("work", 1.5)
    with Stats.timer("work") as timer:
        pass
    assert timer.duration >= 0


def test_a_mail_has_all_of_its_parts_and_tells_who_gets_it(tmp_path):
    (tmp_path / "a.txt").write_text("attached")
    message, recipients = build_mime_message(
        "me@example.com", "a@example.com; b@example.com", "Words", "<p>ü</p>", [str(tmp_path / "a.txt")],
        cc=["c@example.com"], bcc="d@example.com", custom_headers={"X-Of": "me"},
    )  # fmt: skip
    assert recipients == ["a@example.com", "b@example.com", "c@example.com", "d@example.com"]
    assert [message[name] for name in ("From", "To", "Cc", "Bcc", "X-Of")] == [
        "me@example.com", "a@example.com, b@example.com", "c@example.com", None, "me",
    ]  # fmt: skip
    body, attachment = message.iter_parts()
    assert (body.get_content().strip(), attachment.get_filename()) == ("<p>ü</p>", "a.txt")


def test_what_tells_a_database_who_asks_is_named_as_airflow_names_it():
    found = AIRFLOW_VAR_NAME_FORMAT_MAPPING["AIRFLOW_CONTEXT_DAG_ID"]
    assert found == {"default": f"{DEFAULT_FORMAT_PREFIX}dag_id", "env_var_format": "AIRFLOW_CTX_DAG_ID"}
