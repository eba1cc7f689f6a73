"""The documentation is held to the code."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest
from prometheus_client.metrics import MetricWrapperBase

from goflow.settings import Settings
from goflow.telemetry import metrics

ROOT = Path(__file__).parents[3]
DOCS = ROOT / "docs"
PAGES = [*sorted(DOCS.glob("*.md")), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]


def generator():
    spec = importlib.util.spec_from_file_location("docs_generate", DOCS / "generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("page", generator().PAGES)
def test_generated_pages_are_what_the_code_says(page):
    assert (DOCS / page).read_text() == generator().PAGES[page](), "run `make docs`"


def test_every_setting_is_documented():
    text = (DOCS / "settings.md").read_text()
    assert [name for name in Settings.model_fields if f"## `{name}`" not in text] == []


def test_every_metric_is_documented_and_no_other():
    text = (DOCS / "metrics.md").read_text()
    names = {
        value._name + ("_total" if value._type == "counter" else "")
        for value in vars(metrics).values()
        if isinstance(value, MetricWrapperBase)
    }
    assert set(re.findall(r"`(goflow_\w+)`", text)) == names


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    links = re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", page.read_text())
    missing = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert missing == []
