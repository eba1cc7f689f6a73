"""A job that is made where the DAG folder is read-only: the database keeps it, and it is run, changed and deleted as one of
the folder is."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import DESKTOP, PATIENCE_MS, Site, troubles_of
from tests.page import built_page
from tests.running import standalone

IN_FOLDER = "Name: by-hand\nCommand: ['true']\n"


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Nobody writes into FOLDER, not even root, which modes do not keep from it."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a folder read-only")
    subprocess.run(["mount", "--bind", str(folder), str(folder)], check=True)
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", str(folder)], check=True)
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture(scope="module")
def mounted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A daemon on a DAG folder with one job that it may only read."""
    built_page()
    folder = tmp_path_factory.mktemp("read-only")
    dags = folder / "dags"
    dags.mkdir()
    (dags / "by_hand.yaml").write_text(IN_FOLDER)
    daemon = standalone(folder / "home", dags, GOFLOW_RESCAN_INTERVAL_S="30")
    with read_only(dags):
        try:
            daemon.start(wait=False)
            daemon.wait_until_up(timeout_s=300)
            yield Site(daemon, dags, folder / "mended")
        finally:
            daemon.stop()


@pytest.fixture
def its_page(browser: Browser, mounted: Site) -> Iterator[Page]:
    """A page of that daemon; nothing may go wrong on it unseen."""
    context = browser.new_context(base_url=mounted.url, viewport=DESKTOP, reduced_motion="reduce")
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    troubles = troubles_of(page)
    yield page
    context.close()
    assert troubles == []


def run_by_hand(page: Page, log: str) -> None:
    """Trigger the DAG of the page, and find LOG in what its task wrote when its run has succeeded."""
    page.get_by_role("link", name="Trigger", exact=True).click()
    page.get_by_role("button", name="Trigger", exact=True).last.click()
    page.wait_for_url("**/runs/manual__*")
    expect(page.locator("header [data-state=success]").first).to_be_visible()
    page.get_by_role("link", name="kept-aside", exact=True).last.click()
    expect(page.get_by_test_id("log")).to_contain_text(log)


def test_a_job_is_made_run_changed_and_deleted_in_the_database(its_page: Page, mounted: Site) -> None:
    page = its_page
    page.goto("/jobs")
    expect(page.get_by_text("database", exact=True)).to_be_visible()
    expect(page.get_by_text("not in the DAG folder: the server may not write into it")).to_be_visible()
    page.get_by_role("textbox", name="Name", exact=True).fill("kept-aside")
    page.get_by_role("textbox", name="Command", exact=True).fill("echo the first of two")
    page.get_by_label("Begins at once, not paused").check()
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url("**/dags/kept-aside")
    run_by_hand(page, "the first of two")

    page.goto("/dags/kept-aside")
    page.get_by_role("link", name="Edit").click()
    expect(page.get_by_role("heading", name="Edit kept-aside.yaml")).to_be_visible()
    page.get_by_role("textbox", name="Command", exact=True).fill("echo the second of two")
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url("**/dags/kept-aside")
    page.get_by_role("link", name="Versions").click()
    change = page.get_by_role("table", name="Version 1 to 2")
    expect(change).to_contain_text("the first of two")
    expect(change).to_contain_text("the second of two")
    run_by_hand(page, "the second of two")
    by_hand = [
        run for run in mounted.runs("kept-aside") if run["run_type"] == "manual"
    ]  # @daily may have begun one, too
    assert [[one["version_number"] for one in run["dag_versions"]] for run in by_hand] == [[2], [1]]

    page.goto("/import")
    page.get_by_role("button", name=".goflow-jobs/kept-aside.yaml").click()
    page.get_by_role("link", name="Edit").click()
    page.get_by_role("button", name="Delete…").click()
    page.get_by_role("button", name="Delete", exact=True).click()
    page.wait_for_url("**/dags")
    mounted.wait_for("that it is gone", lambda: not mounted.knows("kept-aside"))
    assert [path.name for path in mounted.dags.iterdir()] == ["by_hand.yaml"]
    page.goto("/dags/kept-aside/versions")
    expect(page.get_by_text("not in force")).to_be_visible()
    expect(page.get_by_role("table", name="Version 1 to 2")).to_contain_text("the second of two")
    expect(page.get_by_text("next in")).to_have_count(0)
    expect(page.get_by_role("link", name="Trigger", exact=True)).to_have_count(0)


def test_a_job_of_the_folder_is_shown_and_kept_as_it_is(its_page: Page, mounted: Site) -> None:
    its_page.goto("/dags/by-hand")
    its_page.get_by_role("link", name="Edit").click()
    expect(its_page.get_by_text("This file cannot be changed here: the server may not write into it.")).to_be_visible()
    expect(its_page.get_by_role("button", name="Save", exact=True)).to_be_disabled()
    expect(its_page.get_by_role("button", name="Delete…")).to_have_count(0)
    assert (mounted.dags / "by_hand.yaml").read_text() == IN_FOLDER
