"""Answers about the server itself: its settings, health, parts, events and import errors."""

from __future__ import annotations

from typing import Literal, NotRequired

from typing_extensions import TypedDict

from goflow.server.rest.answers import Moment
from goflow.server.rest.answers.files import Diagnostic
from goflow.server.rest.answers.tasks import JobResponse


class ConfigOption(TypedDict):
    key: str
    value: str | tuple[str, str]


class ConfigSection(TypedDict):
    name: str
    options: list[ConfigOption]


class Config(TypedDict):
    sections: list[ConfigSection]


class VersionInfo(TypedDict):
    version: str
    git_version: str | None
    # GoFlow's own
    product: str
    goflow_version: str


class EventLogResponse(TypedDict):
    event_log_id: int
    when: Moment
    dag_id: str | None
    task_id: str | None
    run_id: str | None
    map_index: int | None
    try_number: int | None
    event: str
    logical_date: Moment | None
    owner: str | None
    extra: str | None
    dag_display_name: NotRequired[str | None]
    task_display_name: NotRequired[str | None]


class EventLogCollectionResponse(TypedDict):
    event_logs: list[EventLogResponse]
    total_entries: int


class ImportErrorResponse(TypedDict):
    import_error_id: int
    timestamp: Moment
    filename: str
    bundle_name: str | None
    stack_trace: str
    # GoFlow's own
    diagnostics: list[Diagnostic]


class ImportErrorCollectionResponse(TypedDict):
    import_errors: list[ImportErrorResponse]
    total_entries: int


class BaseInfoResponse(TypedDict):
    status: str | None


class SchedulerInfoResponse(TypedDict):
    status: str | None
    latest_scheduler_heartbeat: str | None


class TriggererInfoResponse(TypedDict):
    status: str | None
    latest_triggerer_heartbeat: str | None


class DagProcessorInfoResponse(TypedDict):
    status: str | None
    latest_dag_processor_heartbeat: str | None


class HealthInfoResponse(TypedDict):
    metadatabase: BaseInfoResponse
    scheduler: SchedulerInfoResponse
    triggerer: TriggererInfoResponse
    dag_processor: NotRequired[DagProcessorInfoResponse | None]


class JobCollectionResponse(TypedDict):
    jobs: list[JobResponse]
    total_entries: int


class FastAPIAppResponse(TypedDict):
    app: str
    url_prefix: str
    name: str


class FastAPIRootMiddlewareResponse(TypedDict):
    middleware: str
    name: str


class ExternalViewResponse(TypedDict):
    name: str
    icon: NotRequired[str | None]
    icon_dark_mode: NotRequired[str | None]
    url_route: NotRequired[str | None]
    category: NotRequired[str | None]
    nav_top_level: NotRequired[bool | None]
    href: str
    destination: NotRequired[Literal["nav", "dag", "dag_run", "task", "task_instance", "base"]]


class ReactAppResponse(TypedDict):
    name: str
    icon: NotRequired[str | None]
    icon_dark_mode: NotRequired[str | None]
    url_route: NotRequired[str | None]
    category: NotRequired[str | None]
    nav_top_level: NotRequired[bool | None]
    bundle_url: str
    destination: NotRequired[Literal["nav", "dag", "dag_run", "task", "task_instance", "base", "dashboard"]]


class AppBuilderViewResponse(TypedDict):
    name: NotRequired[str | None]
    category: NotRequired[str | None]
    view: NotRequired[str | None]
    label: NotRequired[str | None]


class AppBuilderMenuItemResponse(TypedDict):
    name: str
    href: str
    category: NotRequired[str | None]


class PluginResponse(TypedDict):
    name: str
    macros: list[str]
    flask_blueprints: list[str]
    fastapi_apps: list[FastAPIAppResponse]
    fastapi_root_middlewares: list[FastAPIRootMiddlewareResponse]
    external_views: list[ExternalViewResponse]
    react_apps: list[ReactAppResponse]
    appbuilder_views: list[AppBuilderViewResponse]
    appbuilder_menu_items: list[AppBuilderMenuItemResponse]
    global_operator_extra_links: list[str]
    operator_extra_links: list[str]
    source: str
    listeners: list[str]
    timetables: list[str]


class PluginCollectionResponse(TypedDict):
    plugins: list[PluginResponse]
    total_entries: int


class PluginImportErrorResponse(TypedDict):
    source: str
    error: str


class PluginImportErrorCollectionResponse(TypedDict):
    import_errors: list[PluginImportErrorResponse]
    total_entries: int


class ProviderResponse(TypedDict):
    package_name: str
    description: str
    version: str
    documentation_url: str | None


class ProviderCollectionResponse(TypedDict):
    providers: list[ProviderResponse]
    total_entries: int
