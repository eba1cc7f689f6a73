"""Every view, light and dark, on a desktop, on a phone and at 200 %: it shows what it should, axe finds nothing that breaks
WCAG 2.1 AA, nothing stands out at the side or is where nobody can scroll to. ``make screenshots`` has its pictures written into docs/screenshots."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.base import AXE_FILE_PATH
from playwright.sync_api import Page, expect

from tests.e2e.conftest import DESKTOP

SCREENS = Path(os.environ["GOFLOW_SCREENS"]) if "GOFLOW_SCREENS" in os.environ else None
"""Where pictures are written."""
PHONE = {"width": 390, "height": 844}
DOUBLED = {"width": DESKTOP["width"] // 2, "height": DESKTOP["height"] // 2}
"""What a desktop has room for at 200 %."""
CUT_OFF = """() => [...document.querySelectorAll("main :is(a[href], button, label, input, select, .mantine-Alert-root)")]
  .filter((one) => {
    const box = one.getBoundingClientRect();
    if (!box.width || !box.height) return false;
    if (one.matches(".mantine-Alert-root") && one.scrollHeight > one.clientHeight + 2) return true;
    for (let around = one.parentElement; around; around = around.parentElement) {
      const style = getComputedStyle(around), its = around.getBoundingClientRect();
      if (style.overflowX === "hidden" && its.width > 2 && (box.left >= its.right - 1 || box.right <= its.left + 1)) return true;
      if (style.overflowY === "hidden" && its.height > 2 && (box.top >= its.bottom - 1 || box.bottom <= its.top + 1)) return true;
      if (/auto|scroll/.test(style.overflowX + style.overflowY)) return false;
    }
    return false;
  })
  .map((one) => `${one.tagName} ${(one.getAttribute("aria-label") || one.textContent || "").trim().slice(0, 60)}`)
"""
"""Controls that are wholly outside of a box that cuts off what it has no room for, and alerts of which a part is."""
QUALITY = 72
RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]},
    "resultTypes": ["violations"],
}
AXE = Path(AXE_FILE_PATH).read_text()

VIEWS = {
    "home": ("/", "Running now"),
    "dags": ("/dags", "orders_taskflow"),
    "grid": ("/dags/weather_branches", "look_outside"),
    "grid-of-a-failure": ("/dags/mended_later?run={mended_later}&task=work", "the disk is full"),
    "graph": ("/dags/weather_branches/graph", "look_outside"),
    "gantt": ("/dags/nightly-backup/gantt", "dump-orders"),
    "calendar-day": ("/dags/daily_sums/calendar?year=2026&day=2026-11-23", "scheduled__2026-11-23"),
    "calendar": ("/dags/daily_sums/calendar", "Days to look at"),
    "durations": ("/dags/daily_sums/durations", "median"),
    "runs": ("/dags/daily_sums/runs", "scheduled__2026-11-2"),
    "code": ("/dags/orders_taskflow/code", "def orders_taskflow"),
    "versions": ("/dags/nightly-backup/versions", "Retries: 7"),
    "versions-meaning": ("/dags/nightly-backup/versions?of=meaning", '"retries": 7'),
    "details": ("/dags/orders_taskflow/details", "Trigger rule"),
    "dag-events": ("/dags/orders_taskflow/events", "launch.state"),
    "backfills": ("/dags/daily_sums/backfills", "New backfill"),
    "trigger": ("/dags/orders_taskflow/trigger", "currency"),
    "run": ("/dags/mended_later/runs/{mended_later}", "the disk is full"),
    "task-log": ("/dags/mended_later/runs/{mended_later}/tasks/work", "RuntimeError"),
    "task-log-groups": ("/dags/works_hard/runs/{works_hard}/tasks/crunch?open=true", "row 17 read"),
    "task-usage": ("/dags/works_hard/runs/{works_hard}/tasks/crunch?tab=usage", "Memory over time"),
    "task-events": ("/dags/works_hard/runs/{works_hard}/tasks/crunch?tab=events", "there is no pod"),
    "task-details": ("/dags/works_hard/runs/{works_hard}/tasks/crunch?tab=details", "Priority"),
    "task-xcoms": ("/dags/orders_taskflow/runs/{orders_taskflow}/tasks/extract?tab=xcoms", "return_value"),
    "task-job": ("/dags/orders_taskflow/runs/{orders_taskflow}/tasks/extract?tab=job", "batch/v1"),
    "task-attempts": ("/dags/mended_later/runs/{mended_later}/tasks/work?tab=attempts", "the disk is full"),
    "task-asks": ("/dags/asks_people/runs/{asks_people}/tasks/approve", "Shall it go out?"),
    "new-job": ("/jobs", "Nothing to remark"),
    "edit-job": ("/jobs?path=nightly_backup.yaml&tab=job", "dump-orders"),
    "cronjobs": ("/cronjobs", "There are no CronJobs"),
    "import": ("/import?id=broken.py", "broken.py"),
    "assets": ("/assets?id=1", "Tell that it was updated"),
    "pools": ("/pools", "default_pool"),
    "variables": ("/variables", "batch_size"),
    "connections": ("/connections", "warehouse"),
    "events": ("/events", "task.state"),
    "questions": ("/questions", "Shall it go out?"),
    "users": ("/users", "Tokens"),
    "health": ("/health", "Process"),
}


@pytest.fixture(scope="module")
def shown(site) -> dict[str, str]:
    """The runs that are looked at, whatever other tests have done meanwhile: one that failed, one that asks, others; and
    a DAG has a second version."""
    site.mended.unlink(missing_ok=True)
    file = site.dags / "nightly_backup.yaml"
    file.write_text(file.read_text().replace("Retries: 1", "Retries: 7"))
    versions = "/goflow/v1/dags/nightly-backup/versions"
    site.wait_for("a second version", lambda: site.get(versions)["total_entries"] > 1)
    failed, asks = site.trigger("mended_later"), site.trigger("asks_people")
    site.wait_for_end("mended_later")
    site.wait_for("the question", lambda: site.task_state("asks_people", asks, "approve") == "awaiting_input")
    others = {dag_id: site.runs(dag_id)[-1]["dag_run_id"] for dag_id in ("orders_taskflow", "works_hard")}
    found = {"mended_later": failed, "asks_people": asks, **others}
    return {dag_id: run_id.replace("+", "%2B") for dag_id, run_id in found.items()}


@pytest.mark.parametrize("name", VIEWS)
def test_view(page: Page, site, shown, name):
    address, words = VIEWS[name]
    address = address.format(**shown)
    page.emulate_media(reduced_motion="reduce")  # else axe sees colours on their way from light to dark
    page.goto(address)
    expect(page.get_by_text(words).first).to_be_visible()
    page.wait_for_load_state("networkidle") if SCREENS else None
    page.evaluate(AXE)
    found: dict[str, Any] = {}
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        expect(page.locator(f"html[data-mantine-color-scheme={scheme}]")).to_be_attached()
        picture(page, f"{name}-{scheme}")
        found[f"{scheme} desktop"] = violations(page)
    page.set_viewport_size(PHONE)
    expect(page.get_by_label("Navigation")).to_be_visible()
    picture(page, f"{name}-phone")
    found["dark phone"] = violations(page)
    for size, room in (("phone", PHONE), ("200 %", DOUBLED)):
        page.set_viewport_size(room)
        found[f"wider than {size}"] = page.evaluate("document.documentElement.scrollWidth - window.innerWidth") or []
        found[f"cut off: {size}"] = page.evaluate(CUT_OFF)
    assert {what: them for what, them in found.items() if them} == {}


def violations(page: Page) -> list[Any]:
    """What axe finds: rule, and where."""
    answer = page.evaluate("(rules) => axe.run(document, rules)", RULES)
    return [(one["id"], [node["html"][:200] for node in one["nodes"][:4]]) for one in answer["violations"]]


def picture(page: Page, name: str) -> None:
    """Write what is to be seen, small enough for the documentation."""
    if SCREENS is None:
        return
    from PIL import Image

    SCREENS.mkdir(parents=True, exist_ok=True)
    with Image.open(io.BytesIO(page.screenshot(animations="disabled"))) as image:
        image.convert("RGB").save(SCREENS / f"{name}.webp", quality=QUALITY, method=6)
