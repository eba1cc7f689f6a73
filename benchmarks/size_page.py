"""What a person sees of a large installation, in a real Chromium.

All times are by the page's own clock: from the moment at which it was asked for, or something was done on it, until
what was waited for is in the document and a frame has been drawn since.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median

from playwright.sync_api import Browser, Page

from benchmarks.size_world import LARGE, NEEDLE, RUN_ID, SPEAKS, TALKS, Size

Figures = dict[str, float]
WINDOW = {"width": 1440, "height": 860}
LONGEST_MS = 120_000
LOOKS = 3
"""Browsers with nothing kept that open a view one after the other."""
SLOW_FRAME_MS = 50.0
FRAMES = 300
WHEEL_PX = 120
"""What one notch of a wheel scrolls, here once a frame."""

GRID, DAGS = f"/dags/{LARGE}", "/dags"
LOG = f"/dags/{TALKS}/runs/{RUN_ID}/tasks/{SPEAKS}"

_TOOLS = """
window.seen = {
  frame: () => new Promise(requestAnimationFrame),
  // The moment at which TEST is true and a frame has been drawn.
  async when(test) {
    while (!test()) await seen.frame();
    await seen.frame();
    return performance.now();
  },
  async after(act, test) {
    const from = performance.now();
    act();
    return (await seen.when(test)) - from;
  },
  // The milliseconds of each frame while ACT is done once a frame, and in how many SEES was false.
  async frames(count, act, sees) {
    const took = [];
    let blank = 0;
    let last = await seen.frame();
    for (let at = 1; at <= count; at += 1) {
      act(at / count);
      const now = await seen.frame();
      took.push(now - last);
      last = now;
      if (!sees()) blank += 1;
    }
    return { took, blank };
  },
  all: (what) => [...document.querySelectorAll(what)],
  one: (what) => document.querySelector(what),
  press: (words) => seen.all("button").find((one) => one.textContent.trim() === words).click(),
  bytes: () => performance.getEntriesByType("resource")
    .filter((one) => new URL(one.name).pathname.endsWith(".js"))
    .reduce((sum, one) => sum + one.encodedBodySize, 0),
};
document.addEventListener("input", (event) => { seen.typed = event.timeStamp; }, true);
"""
_GRID_BOX = "seen.one('[data-testid=grid]')"
_GRID_ROWS = "seen.all('[data-testid=grid] [role=row]')"
CELLS = "seen.all('[data-testid=grid] [role=gridcell] [data-letter]').length >= 20"
"""The grid is there: a screen of rows with their cells."""
_DAG_BOX = "seen.one('[role=table][aria-label=DAGs]')"
_DAG_ROWS = "seen.all('[role=table][aria-label=DAGs] [role=row]')"
ROWS = f"{_DAG_ROWS}.length > 10 && seen.all('[role=table] [role=row] a[href*=\"/runs/\"]').length > 0"
"""The list is there: a screen of rows, with the strips of their last runs."""
_LOG_BOX = "seen.one('[data-testid=log]')"
_LINES = f"[...{_LOG_BOX}.firstElementChild.firstElementChild.children]"
TEXT = f"({_LOG_BOX} && {_LINES}.length > 20 && {_LINES}.every((line) => !line.textContent.endsWith('…')))"
"""The log is there: a screen of lines, with their texts."""
_MIDDLE = f"(() => {{ const its = {_LINES}; return !its[its.length >> 1].textContent.endsWith('…'); }})()"
_NUMBERS = "seen.all('[data-testid=log] [aria-hidden]')"


@contextmanager
def looking(browser: Browser, url: str) -> Iterator[Page]:
    """A page of somebody who has never looked at this daemon: nothing is in the browser's cache."""
    with browser.new_context(
        base_url=url, viewport={"width": WINDOW["width"], "height": WINDOW["height"]}, reduced_motion="reduce"
    ) as context:
        context.add_init_script(_TOOLS)
        page = context.new_page()
        page.set_default_timeout(LONGEST_MS)
        yield page


def opened(page: Page, path: str, test: str) -> float:
    """Milliseconds from the navigation to PATH until TEST is seen to be true."""
    page.goto(path, wait_until="commit")
    return float(page.evaluate(f"seen.when(() => {test})"))


def opens(browser: Browser, url: str, path: str, test: str) -> Figures:
    """PATH opened in LOOKS browsers for the first time, and once more in each; and the bytes of scripts, compressed as
    they came, that the first time took."""
    first, again, scripts = [], [], 0.0
    for _ in range(LOOKS):
        with looking(browser, url) as page:
            first.append(opened(page, path, test))
            scripts = max(scripts, float(page.evaluate("seen.bytes()")))
            again.append(opened(page, path, test))
    return {
        "first_ms": median(first),
        "first_max_ms": max(first),
        "again_ms": median(again),
        "scripts_bytes": scripts,
    }


def done(page: Page, act: str, test: str) -> float:
    """Milliseconds from ACT until TEST is seen to be true."""
    return float(page.evaluate(f"seen.after(() => {{ {act} }}, () => {test})"))


def typed(page: Page, label: str, words: str, test: str) -> float:
    """Milliseconds from typing WORDS into the field LABEL until TEST is seen to be true."""
    page.get_by_label(label, exact=True).fill(words)
    return float(page.evaluate(f"(async () => (await seen.when(() => {test})) - seen.typed)()"))


def frames(page: Page, name: str, act: str, sees: str = "true") -> Figures:
    """The longest of FRAMES while ACT is done once in each, how many took over SLOW_FRAME_MS, and in how many SEES was
    not true. ACT's `share` goes from 0 to 1."""
    found = page.evaluate(f"seen.frames({FRAMES}, (share) => {{ {act} }}, () => {sees})")
    slow = sum(took > SLOW_FRAME_MS for took in found["took"])
    return {
        f"{name}_longest_ms": max(found["took"]),
        f"{name}_slow": float(slow),
        f"{name}_blank": float(found["blank"]),
    }


def heap_mb(page: Page) -> float:
    """What the page's scripts hold, when what they do not has been collected."""
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.enable")
    session.send("HeapProfiler.collectGarbage")
    return float(session.send("Runtime.getHeapUsage")["usedSize"]) / 1e6


def grid(browser: Browser, url: str) -> Figures:
    """The large DAG's grid: opened, a group unfolded, all of them, scrolled through, searched."""
    found = opens(browser, url, GRID, CELLS)
    with looking(browser, url) as page:
        opened(page, GRID, CELLS)
        unfold = f"{_GRID_ROWS}[1].querySelector('[data-fold]').click()"
        found["unfold_ms"] = done(page, unfold, f"{_GRID_ROWS}.some((row) => row.textContent.includes('part_0'))")
        within = f"{_GRID_ROWS}.some((row) => row.textContent.includes('table_'))"
        found["unfold_all_ms"] = done(page, "seen.press('Unfold all')", within)
        last = f"{_GRID_ROWS}.some((row) => row.ariaRowIndex === {_GRID_BOX}.ariaRowCount)"
        found["end_ms"] = done(page, f"{_GRID_BOX}.scrollTop = {_GRID_BOX}.scrollHeight", last)
        found |= frames(page, "scroll", f"{_GRID_BOX}.scrollTop -= {WHEEL_PX}")
        found["search_ms"] = typed(page, "Find tasks", "table_0123", f"{_GRID_ROWS}.length === 2")
        found["heap_mb"] = heap_mb(page)
    return found


def dag_list(browser: Browser, url: str, size: Size) -> Figures:
    """The list of all DAGs: opened, scrolled, its end, searched."""
    found = opens(browser, url, DAGS, ROWS)
    with looking(browser, url) as page:
        opened(page, DAGS, ROWS)
        found |= frames(page, "scroll", f"{_DAG_BOX}.scrollTop += {WHEEL_PX}")
        last = f"{_DAG_ROWS}.some((row) => row.ariaRowIndex === '{size.dags + 1}')"
        found["end_ms"] = done(page, f"{_DAG_BOX}.scrollTop = {_DAG_BOX}.scrollHeight", last)
        found["search_ms"] = typed(page, "Search DAGs", TALKS, f"{_DAG_ROWS}.length === 2")
    return found


def log(browser: Browser, url: str, size: Size) -> Figures:
    """The log of very many lines: opened, its end, its middle, a search, scrolled by wheel, dragged through."""
    shows = lambda line: f"({TEXT} && {_NUMBERS}.some((one) => one.textContent === '{line}'))"  # noqa: E731
    whole = f"({_LOG_BOX}.scrollHeight - {_LOG_BOX}.clientHeight)"
    found = opens(browser, url, LOG, TEXT)
    with looking(browser, url) as page:
        opened(page, LOG, TEXT)
        found["end_ms"] = done(page, "seen.press('End')", shows(size.lines))
        found["middle_ms"] = done(page, f"{_LOG_BOX}.scrollTop = {whole} / 2", shows(size.lines // 2))
        page.get_by_label("Search the log").fill(NEEDLE)
        hit = f"seen.all('[data-testid=log] [data-hit] mark').some((one) => one.textContent === '{NEEDLE}')"
        found["search_ms"] = done(page, "seen.one('[aria-label=\"Search the log\"]').form.requestSubmit()", hit)
        page.get_by_label("Search the log").fill("")
        found |= frames(page, "wheel", f"{_LOG_BOX}.scrollTop += {WHEEL_PX}", _MIDDLE)
        found |= frames(page, "drag", f"{_LOG_BOX}.scrollTop = {whole} * share * 0.9")
        found["settle_ms"] = done(page, "", shows(size.lines * 9 // 10))
        found["heap_mb"] = heap_mb(page)
    return found
