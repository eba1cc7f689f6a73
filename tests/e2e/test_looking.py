"""Looking for what happened, and orders whose effects are shown before: by mouse and keys, each view with its address."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.e2e.test_views import DOUBLED, PHONE


def crunch(site) -> str:
    """The address of a task that used something, wrote groups into its log and made an asset."""
    return site.address("works_hard", site.runs("works_hard")[-1]["dag_run_id"], "crunch")


def test_what_a_task_used_is_drawn_over_time_against_what_it_asks_for(page: Page, site):
    page.goto(f"{crunch(site)}?tab=usage")
    memory = page.get_by_role("img", name=re.compile(r"Memory over time, at most \d+"))
    expect(memory.locator("canvas")).to_be_visible()
    expect(page.get_by_role("img", name=re.compile("CPU over time")).locator("canvas")).to_be_visible()
    expect(page.get_by_text("asks for 96.0 MiB")).to_be_visible()
    expect(page.get_by_text("limited to 256 MiB")).to_be_visible()
    expect(page.get_by_text("Asks for", exact=True).locator("..")).to_contain_text("0.5 CPU")


def test_a_group_of_a_log_is_folded_until_it_is_opened_or_something_is_found_in_it(page: Page, site):
    page.goto(crunch(site))
    log = page.get_by_test_id("log")
    expect(log).to_contain_text("Rows that were read")
    expect(log).to_contain_text("51 lines")
    expect(log).not_to_contain_text("row 17 read")
    page.get_by_role("button", name="Unfold 51 lines").click()
    expect(log).to_contain_text("row 17 read")
    page.get_by_role("button", name="Fold", exact=True).click()
    expect(log).not_to_contain_text("row 17 read")
    page.get_by_label("Search the log").fill("row 17 ")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("q=row"))
    expect(log.locator("[data-hit] mark")).to_have_text("row 17 ")
    page.reload()
    expect(log.locator("[data-hit] mark")).to_have_text("row 17 ")


def test_a_line_of_a_log_has_an_address(page: Page, site):
    page.goto(crunch(site))
    page.get_by_role("button", name="Unfold 51 lines").click()
    page.locator("[data-line='19']").click()
    expect(page).to_have_url(re.compile("line=19"))
    page.reload()
    expect(page.get_by_test_id("log").locator("[data-hit]")).to_contain_text("row 17 read")


def test_events_of_pods_are_told_or_why_there_are_none(page: Page, site):
    page.goto(crunch(site))
    page.get_by_role("button", name="Pod events").click()
    expect(page.get_by_text("It is a process of this machine: there is no pod.")).to_be_visible()
    expect(page).to_have_url(re.compile("tab=events"))


def test_what_marking_a_run_would_do_is_shown_before_it_is_done(page: Page, site):
    run_id = site.trigger("asks_people")
    site.wait_for("the question", lambda: site.task_state("asks_people", run_id, "approve") == "awaiting_input")
    page.goto(site.address("asks_people", run_id))
    page.get_by_role("button", name="Mark", exact=True).click()
    page.get_by_role("menuitem", name="failed…").click()
    effects = page.get_by_test_id("effects")
    expect(effects.get_by_role("listitem").filter(has_text="approve").locator("[data-state=failed]")).to_be_visible()
    expect(effects.get_by_role("listitem").filter(has_text="deploy").locator("[data-state=skipped]")).to_be_visible()
    expect(page.get_by_text("The run becomes failed at once.")).to_be_visible()
    assert site.task_state("asks_people", run_id, "approve") == "awaiting_input", "nothing is done yet"
    page.get_by_role("button", name="Mark failed").click()
    expect(page.locator("header [data-state=failed]").first).to_be_visible()
    site.wait_for("the task's end", lambda: site.task_state("asks_people", run_id, "approve") == "failed")


def test_what_failed_is_retried_and_the_run_turns_green_live(page: Page, site):
    site.mended.unlink(missing_ok=True)
    run_id = site.trigger("mended_later")
    site.wait_for_end("mended_later")
    site.mended.touch()
    page.goto(site.address("mended_later", run_id))
    page.get_by_role("button", name="Retry…").click()
    effects = page.get_by_test_id("effects")
    expect(effects.get_by_role("listitem")).to_have_count(2)
    expect(effects).to_contain_text("work")
    expect(effects).to_contain_text("report")
    page.get_by_role("button", name="Retry", exact=True).click()
    expect(page.locator("header [data-state=success]").first).to_be_visible()


def test_a_run_is_triggered_again_with_its_values(page: Page, site):
    made = site.post("/api/v2/dags/orders_taskflow/dagRuns", {"logical_date": None, "conf": {"currency": "USD"}})
    page.goto(site.address("orders_taskflow", made["dag_run_id"]))
    page.get_by_role("link", name="Trigger again…").click()
    expect(page).to_have_url(re.compile("like="))
    expect(page.get_by_label("currency")).to_have_value("USD")
    page.get_by_text("JSON", exact=True).click()
    expect(page).to_have_url(re.compile("mode=json"))
    expect(page.get_by_label("Configuration (JSON)")).to_have_value(re.compile('"currency": "USD"'))


def test_a_day_of_the_calendar_leads_to_its_runs(page: Page, site):
    page.goto("/dags/daily_sums/calendar?year=2026")
    page.get_by_role("link", name="2026-11-23").click()
    expect(page).to_have_url(re.compile("day=2026-11-23"))
    day = page.get_by_role("table", name="Runs of 2026-11-23")
    expect(day.locator("[data-state=failed]")).to_be_visible()
    page.get_by_label("Day", exact=True).fill("2026-11-24")
    expect(page.get_by_role("table", name="Runs of 2026-11-24").locator("[data-state=success]")).to_be_visible()
    page.get_by_role("table", name="Runs of 2026-11-24").get_by_role("link").click()
    page.wait_for_url("**/runs/scheduled__2026-11-24*")


def test_the_grid_is_walked_by_keys_and_the_address_keeps_its_folds(page: Page, site):
    page.goto("/dags/weather_branches")
    grid = page.get_by_test_id("grid")
    expect(grid.get_by_role("gridcell").first).to_be_visible()
    grid.focus()
    page.keyboard.press("ArrowDown")
    cursor = page.locator("[data-cursor]")
    expect(cursor).to_have_attribute("aria-label", re.compile("^sunny in"))
    expect(grid).to_have_attribute("aria-activedescendant", cursor.get_attribute("id") or "")
    page.keyboard.press("Enter")
    expect(grid.get_by_role("rowheader", name="sunny.begin")).to_be_hidden()
    expect(page).to_have_url(re.compile("turned="))
    page.reload()
    expect(grid.get_by_role("rowheader").first).to_be_visible()
    expect(grid.get_by_role("row")).to_have_count(1 + 6)
    grid.focus()
    page.keyboard.press("PageDown")
    expect(page).to_have_url(re.compile("task=home"))
    expect(page.get_by_label("What is selected")).to_contain_text("home")
    page.keyboard.press("Escape")
    expect(page.get_by_label("What is selected")).to_be_hidden()


def test_an_asset_is_told_of_and_what_waits_for_it_begins(page: Page, site):
    before = len(site.runs("waits_for_sums"))
    assert before, "the run of works_hard has made the asset"
    page.goto("/assets")
    page.get_by_role("button", name="sums").click()
    page.get_by_role("button", name="Tell that it was updated").click()
    site.wait_for("another run", lambda: len(site.runs("waits_for_sums")) == before + 1)


def test_events_are_those_of_one_kind(page: Page, site):
    page.goto("/events")
    expect(page.get_by_text("launch.state").first).to_be_visible()
    page.get_by_text("Runs", exact=True).click()
    expect(page).to_have_url(re.compile("show=runs"))
    expect(page.get_by_text("run.state").first).to_be_visible()
    expect(page.get_by_text("launch.state")).to_have_count(0)
    expect(page.get_by_text("running → success").first).to_be_visible()


def test_a_variable_is_deleted_after_a_question_and_its_form_has_an_address(page: Page, site):
    site.post("/api/v2/variables", {"key": "passing", "value": "1", "description": None})
    page.goto("/variables?id=passing")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Value")).to_have_value("1")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    page.get_by_role("button", name="Delete passing").click()
    dialog.get_by_role("button", name="Leave it").click()
    expect(dialog).to_be_hidden()
    page.get_by_role("button", name="Delete passing").click()
    dialog.get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_text("passing", exact=True)).to_have_count(0)
    keys = {one["key"] for one in site.get("/api/v2/variables", limit=100)["variables"]}
    assert "passing" not in keys
    assert "region" in keys


def test_on_a_phone_keys_lead_to_the_navigation_when_it_is_open_and_past_it_when_it_is_not(page: Page, site):
    page.set_viewport_size(PHONE)
    page.goto("/dags")
    burger, home = page.get_by_label("Navigation"), page.get_by_role("link", name="Home", exact=True)
    page.get_by_label("Who is signed in").focus()
    page.keyboard.press("Tab")
    expect(page.get_by_label("Search DAGs")).to_be_focused()
    expect(home).to_be_hidden()
    burger.click()
    expect(burger).to_have_attribute("aria-expanded", "true")
    home.focus()
    page.keyboard.press("Escape")
    expect(burger).to_be_focused()
    expect(home).to_be_hidden()


def test_at_200_percent_what_is_selected_stands_over_the_grid_until_it_is_closed(page: Page, site):
    page.set_viewport_size(DOUBLED)
    page.goto(f"/dags/works_hard?run={site.runs('works_hard')[-1]['dag_run_id'].replace('+', '%2B')}&task=crunch")
    selected, cell = page.get_by_label("What is selected"), page.get_by_test_id("grid").get_by_role("gridcell").first
    expect(selected.get_by_test_id("log")).to_be_visible()
    selected.get_by_role("button", name="Close").click()
    expect(selected).to_be_hidden()
    cell.click()
    expect(selected).to_be_visible()


def test_the_calendar_shows_the_day_that_is_chosen_where_there_is_no_room_for_a_year(page: Page, site):
    page.set_viewport_size(PHONE)
    page.goto("/dags/daily_sums/calendar?year=2026&day=2026-11-23")
    expect(page.locator("[data-day='2026-11-23']")).to_be_in_viewport()
    page.get_by_role("region", name="Days of 2026").evaluate("(box) => box.scrollTo(0, 0)")
    expect(page.locator("[data-day='2026-11-23']")).not_to_be_in_viewport()
    expect(page.locator("[data-day='2026-01-05']")).to_be_in_viewport()
