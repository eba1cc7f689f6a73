"""A real Chromium, driven by Playwright: Debian's, since nothing else is to be had from package registries."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--force-color-profile=srgb", "--hide-scrollbars"),
]


def chromium() -> Path:
    """Debian's Chromium, installed where it is not there and can be. Raises AssertionError where there is none."""
    if not CHROMIUM.exists() and os.geteuid() == 0 and shutil.which("apt-get"):
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        install = [
            "apt-get",
            "-o",
            "DPkg::Lock::Timeout=300",
            "install",
            "-y",
            "-q",
            "--no-install-recommends",
            "chromium",
        ]
        subprocess.run(install, env=environment, capture_output=True)
    assert CHROMIUM.exists(), "browser tests need Debian's chromium: apt-get install chromium"
    return CHROMIUM


@contextlib.contextmanager
def browsing() -> Iterator[Browser]:
    """A browser of the tests' own."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(chromium()), args=FLAGS, timeout=300_000)
        try:
            yield browser
        finally:
            browser.close()
