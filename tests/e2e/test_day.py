"""What an operator does in a day, by mouse and keys."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.e2e.conftest import DESKTOP, enter


def test_the_reason_of_a_failed_task_is_found_and_cleared_it_turns_green(page: Page, site):
    page.goto("/")
    page.get_by_role("link", name=site.runs("mended_later")[0]["dag_run_id"]).first.click()
    expect(page.get_by_text("the disk is full").first).to_be_visible()
    page.get_by_role("link", name="work", exact=True).first.click()
    expect(page.get_by_test_id("log")).to_contain_text("the disk is full")
    site.mended.touch()
    page.get_by_role("button", name="Clear…").click()
    effects = page.get_by_test_id("effects")
    expect(effects).to_contain_text("work")
    expect(effects).to_contain_text("report")
    page.get_by_role("button", name="Clear", exact=True).click()
    expect(page.locator("h1 ~ [data-state=success], header [data-state=success]").first).to_be_visible()


def test_a_run_is_triggered_with_params(page: Page, site):
    page.goto("/dags/orders_taskflow/trigger")
    page.get_by_label("currency").select_option("USD")
    page.get_by_role("button", name="Trigger", exact=True).last.click()
    page.wait_for_url("**/runs/manual__*")
    site.wait_for_end("orders_taskflow")
    assert site.runs("orders_taskflow")[0]["conf"] == {"currency": "USD"}


def test_two_versions_are_compared(page: Page, site):
    file = site.dags / "nightly_backup.yaml"
    file.write_text(file.read_text().replace("Retries: 1", "Retries: 7"))
    page.goto("/dags/nightly-backup/versions")
    expect(page.locator("tbody tr td").first).to_have_text("2")
    expect(page.get_by_role("table", name="Version 1 to 2")).to_contain_text("+ Retries: 7")
    page.get_by_text("Meaning", exact=True).last.click()
    expect(page).to_have_url(re.compile("of=meaning"))
    expect(page.get_by_role("table", name="Version 1 to 2")).to_contain_text('"retries": 7')


def test_what_happens_before_the_page_hears_of_events_is_shown_all_the_same(page: Page, site):
    """What a page asks for may be answered before its event stream is open; what comes in between must not be lost."""
    name = "held-stream"
    file = site.dags / f"{name}.yaml"
    file.write_text(f"Name: {name}\nCommand: ['true']\n")
    site.wait_for("the DAG", lambda: site.knows(name))

    held: list[Route] = []
    page.route(re.compile("/events/stream"), lambda route: held.append(route))
    page.goto(f"/dags/{name}/versions")
    expect(page.locator("tbody tr td").first).to_have_text("1")
    file.write_text(file.read_text().replace("true", "echo"))
    site.wait_for("version 2", lambda: site.get(f"/api/v2/dags/{name}/dagVersions")["total_entries"] == 2)
    held[0].continue_()
    expect(page.locator("tbody tr td").first).to_have_text("2")
    file.unlink()


def test_what_the_page_is_told_to_ask_for_first_it_asks_for_once(page: Page, site):
    """The server names it before the page asks (goflow/server/page.py): both must mean the same address."""
    for path, first in (("/dags", "/goflow/v1/page/dags"), ("/dags/orders_taskflow", "/orders_taskflow/grid")):
        asked: list[str] = []
        page.on("request", lambda request, asked=asked: asked.append(request.url))
        page.goto(path)
        page.locator("[role=row] a, [role=row] [role=gridcell]").first.wait_for()
        assert len([url for url in asked if first in url]) == 1


def test_a_log_is_searched(page: Page, site):
    site.mended.touch()
    run_id = site.trigger("mended_later")
    site.wait_for_end("mended_later")
    page.goto(f"/dags/mended_later/runs/{run_id.replace('+', '%2B')}/tasks/report")
    page.get_by_label("Search the log").fill("line 2999 ")
    page.keyboard.press("Enter")
    expect(page.get_by_text("1 of 1")).to_be_visible()
    expect(page.get_by_test_id("log").locator("mark").first).to_be_visible()


def test_a_job_is_made_by_form_and_runs_to_success(page: Page, site):
    page.goto("/jobs")
    page.get_by_role("textbox", name="Name", exact=True).fill("made-by-form")
    page.get_by_role("combobox", name="Schedule").fill("@weekly")
    page.get_by_role("textbox", name="Command", exact=True).fill("echo made of $WORD | tr a-z A-Z")
    page.get_by_label("Environment").fill("WORD=clay")
    page.get_by_label("Begins at once, not paused").check()
    expect(page.get_by_test_id("editor")).to_contain_text("WORD: clay")
    expect(page.get_by_text("Nothing to remark: 1 DAG, 1 task.")).to_be_visible()
    page.get_by_role("button", name="Dry run").click()
    page.get_by_role("button", name="Try it, and make nothing").click()
    expect(page.get_by_role("table", name="Dry run")).to_contain_text("echo made of $WORD | tr a-z A-Z")
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url("**/dags/made-by-form")
    assert "WORD: clay" in (site.dags / "made-by-form.yaml").read_text()
    page.get_by_role("link", name="Trigger", exact=True).click()
    page.get_by_role("button", name="Trigger", exact=True).last.click()
    page.wait_for_url("**/runs/manual__*")
    expect(page.locator("header [data-state=success]").first).to_be_visible()
    page.get_by_role("link", name="made-by-form", exact=True).last.click()
    expect(page.get_by_test_id("log")).to_contain_text("MADE OF CLAY")


def test_a_job_is_changed_as_text_and_deleted(page: Page, site):
    assert site.knows("made-by-form"), "the test before makes it"
    page.goto("/dags/made-by-form")
    page.get_by_role("link", name="Edit").click()
    text = page.get_by_label("Native YAML")
    text.click()
    page.keyboard.press("Control+End")
    page.keyboard.type("Retri")
    page.get_by_role("option", name="Retries", exact=True).click()
    page.keyboard.type("many")
    expect(page.get_by_label("What was found")).to_contain_text("'many' is not a whole number")
    expect(page.get_by_role("button", name="Save", exact=True)).to_be_disabled()
    for _ in "many":
        page.keyboard.press("Backspace")
    page.keyboard.type("2")
    expect(page.get_by_role("textbox", name="Retries")).to_have_value("2")
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url("**/dags/made-by-form")
    site.wait_for("version 2", lambda: site.get("/goflow/v1/dags/made-by-form/versions")["total_entries"] == 2)
    page.get_by_role("link", name="Edit").click()
    # somebody else changes it meanwhile: nothing of theirs is lost
    file = site.dags / "made-by-form.yaml"
    expect(page.get_by_role("textbox", name="Retries")).to_have_value("2")
    file.write_text(file.read_text().replace("Retries: 2", "Retries: 3"))
    page.get_by_role("textbox", name="Retries").fill("4")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("alert").first).to_contain_text("has changed since it was read")
    page.get_by_role("button", name="Take what is there now").click()
    expect(page.get_by_role("textbox", name="Retries")).to_have_value("3")
    page.get_by_role("button", name="Delete…").click()
    page.get_by_role("button", name="Delete", exact=True).click()
    page.wait_for_url("**/dags")
    assert not file.exists()
    site.wait_for("that it is gone", lambda: not site.knows("made-by-form"))


def test_the_palette_leads_to_a_dag_by_enter(page: Page, site):
    page.goto("/")
    expect(page.get_by_role("heading", name="Home")).to_be_visible()
    page.keyboard.press("Control+k")
    page.keyboard.type("weather")
    expect(page.get_by_role("button", name="weather_branches").first).to_be_visible()
    page.keyboard.press("Enter")
    page.wait_for_url("**/dags/weather_branches")


def test_a_backfill_is_shown_before_it_is_made(page: Page, site):
    page.goto("/dags/daily_sums/backfills")
    expect(page.get_by_role("heading", name="New backfill")).to_be_visible()
    first, last = page.locator("input[type=datetime-local]").all()
    first.fill("2026-11-10T00:00")
    last.fill("2026-11-12T23:00")
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_test_id("preview")).to_contain_text("3 runs would be made or run again")
    page.get_by_role("button", name="Make 3 runs").click()
    expect(page.get_by_role("table")).to_contain_text("over")
    assert len([run for run in site.runs("daily_sums") if run["run_type"] == "backfill"]) == 3


def test_a_task_that_asks_is_answered(page: Page, site):
    page.goto("/questions")
    page.get_by_role("button", name="Approve").first.click()
    expect(page.get_by_text("Nothing is asked")).to_be_visible()
    site.wait_for_end("asks_people")
    assert site.runs("asks_people")[0]["state"] == "success"


@pytest.mark.parametrize(
    ("role", "may"),
    [
        ("viewer", {"trigger": False, "try a job": False, "save a job": False, "set Variables": False}),
        ("operator", {"trigger": True, "try a job": True, "save a job": False, "set Variables": False}),
        ("admin", {"trigger": True, "try a job": True, "save a job": True, "set Variables": True}),
    ],
)
def test_each_role_may_what_it_may_and_is_refused_the_rest(browser: Browser, site, role, may):
    context = browser.new_context(base_url=site.url, viewport=DESKTOP)
    try:
        page = enter(context, role)
        page.goto("/dags/orders_taskflow/details")
        expect(page.get_by_role("heading", name="orders_taskflow")).to_be_visible()
        found = {"trigger": page.get_by_role("link", name="Trigger", exact=True).is_visible()}
        page.goto("/jobs")
        expect(page.get_by_role("heading", name="New job")).to_be_visible()
        if role != "viewer":
            expect(page.get_by_text("Nothing to remark")).to_be_visible()
        page.get_by_role("button", name="Dry run").click()
        found["try a job"] = page.get_by_role("button", name="Try it, and make nothing").is_enabled()
        found["save a job"] = page.get_by_role("button", name="Save", exact=True).is_enabled()
        page.goto("/variables")
        expect(page.get_by_role("heading", name="Variables")).to_be_visible()
        found["set Variables"] = page.get_by_role("button", name="New Variable").is_visible()
        assert found == may
        # who asks for it all the same is refused by the server
        asked = "async ([path, body]) => (await fetch(path, {method: 'POST', body: JSON.stringify(body), headers: {'Content-Type': 'application/json', 'X-GoFlow-CSRF': (await (await fetch('/goflow/v1/session')).json()).me.csrf_token}})).status"
        refused = page.evaluate(asked, ["/goflow/v1/job-files", {"name": "no.yaml", "content": ""}]) == 403
        assert refused is not may["save a job"]
        refused = page.evaluate(asked, ["/api/v2/dags/nothing/dagRuns", {}]) == 403
        assert refused is not may["trigger"]
    finally:
        context.close()
