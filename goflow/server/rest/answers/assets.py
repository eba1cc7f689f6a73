"""Answers about assets, their aliases, events and states."""

from __future__ import annotations

from typing import Any, Literal, NotRequired

from typing_extensions import TypedDict

from goflow.server.rest.answers import Moment


class AssetAliasResponse(TypedDict):
    id: int
    name: str
    group: str


class AssetAliasCollectionResponse(TypedDict):
    asset_aliases: list[AssetAliasResponse]
    total_entries: int


class DagScheduleAssetReference(TypedDict):
    dag_id: str
    created_at: Moment
    updated_at: Moment


class TaskOutletAssetReference(TypedDict):
    dag_id: str
    task_id: str
    created_at: Moment
    updated_at: Moment


class TaskInletAssetReference(TypedDict):
    dag_id: str
    task_id: str
    created_at: Moment
    updated_at: Moment


class AssetWatcherResponse(TypedDict):
    name: str
    trigger_id: int
    created_date: Moment


class LastAssetEventResponse(TypedDict):
    id: NotRequired[int | None]
    timestamp: NotRequired[Moment | None]


class AssetResponse(TypedDict):
    id: int
    name: str
    uri: str
    group: str
    extra: NotRequired[dict[str, Any] | None]
    created_at: Moment
    updated_at: Moment
    scheduled_dags: list[DagScheduleAssetReference]
    producing_tasks: list[TaskOutletAssetReference]
    consuming_tasks: list[TaskInletAssetReference]
    aliases: list[AssetAliasResponse]
    watchers: list[AssetWatcherResponse]
    last_asset_event: NotRequired[LastAssetEventResponse | None]
    # GoFlow's own
    events: int


class AssetCollectionResponse(TypedDict):
    assets: list[AssetResponse]
    total_entries: int


class DagRunAssetReference(TypedDict):
    run_id: str
    dag_id: str
    logical_date: Moment | None
    start_date: Moment
    end_date: Moment | None
    state: str
    data_interval_start: Moment | None
    data_interval_end: Moment | None
    partition_key: str | None
    triggering: bool


class AssetEventResponse(TypedDict):
    id: int
    asset_id: int
    uri: NotRequired[str | None]
    name: NotRequired[str | None]
    group: NotRequired[str | None]
    extra: NotRequired[dict[str, Any] | None]
    source_task_id: NotRequired[str | None]
    source_dag_id: NotRequired[str | None]
    source_run_id: NotRequired[str | None]
    source_map_index: int
    created_dagruns: list[DagRunAssetReference]
    timestamp: Moment
    partition_key: NotRequired[str | None]
    # GoFlow's own
    source_aliases: list[str]
    problems: dict[str, str]


class AssetEventCollectionResponse(TypedDict):
    asset_events: list[AssetEventResponse]
    total_entries: int


AssetStateStoreWriterKind = Literal["task", "watcher", "api"]


class AssetStateStoreLastUpdatedBy(TypedDict):
    kind: AssetStateStoreWriterKind
    dag_id: NotRequired[str | None]
    run_id: NotRequired[str | None]
    task_id: NotRequired[str | None]
    map_index: NotRequired[int | None]


class AssetStateStoreResponse(TypedDict):
    key: str
    value: Any
    updated_at: Moment
    last_updated_by: NotRequired[AssetStateStoreLastUpdatedBy | None]


class AssetStateStoreCollectionResponse(TypedDict):
    asset_state_store: list[AssetStateStoreResponse]
    total_entries: int


class QueuedEventResponse(TypedDict):
    dag_id: str
    asset_id: int
    created_at: Moment
    dag_display_name: str


class QueuedEventCollectionResponse(TypedDict):
    queued_events: list[QueuedEventResponse]
    total_entries: int
