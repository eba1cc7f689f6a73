"""The daemon's settings, to those whom ``expose_config`` lets see them: in Airflow's form, and without secrets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Header, HTTPException
from fastapi.responses import PlainTextResponse

from goflow.server.rest import shapes
from goflow.server.rest.answers import Is
from goflow.server.rest.answers.server import Config
from goflow.server.rest.context import CallerDep, Services, ServicesDep

router = APIRouter(prefix="/api/v2/config", tags=["Config"])
Sections = Mapping[str, Mapping[str, str]]
Accept = Annotated[str, Header()]


@router.get("", response_model=None)
def get_config(
    services: ServicesDep, caller: CallerDep, section: str | None = None, accept: Accept = "*/*"
) -> Annotated[shapes.Body | PlainTextResponse, Is(Config)]:
    """All settings, or those of a section: ``goflow`` has GoFlow's own, others what Airflow calls the same. 403 unless
    ``expose_config`` allows it; values that are secret are hidden."""
    every = _sections(services)
    if section is None:
        return _told(every, accept)
    if section not in every:
        raise HTTPException(404, f"Section {section} not found.")
    return _told({section: every[section]}, accept)


@router.get("/section/{section}/option/{option}", response_model=None)
def get_config_value(
    section: str, option: str, services: ServicesDep, caller: CallerDep, accept: Accept = "*/*"
) -> Annotated[shapes.Body | PlainTextResponse, Is(Config)]:
    """One setting, in the same way."""
    found = _sections(services).get(section, {})
    if option not in found:
        raise HTTPException(404, f"Option [{section}/{option}] not found.")
    return _told({section: {option: found[option]}}, accept)


def _sections(services: Services) -> Sections:
    if services.config is None:
        words = "Your Airflow administrator chose not to expose the configuration, most likely for security reasons."
        raise HTTPException(403, words)
    return services.config


def _told(sections: Sections, accept: str) -> shapes.Body | PlainTextResponse:
    if accept.startswith("text/plain"):
        parts = (
            "\n".join([f"[{name}]", *(f"{key} = {value}" for key, value in options.items())])
            for name, options in sections.items()
        )
        return PlainTextResponse("\n\n".join(parts) + "\n")
    return {
        "sections": [
            {"name": name, "options": [{"key": key, "value": value} for key, value in options.items()]}
            for name, options in sections.items()
        ]
    }
