"""What DAG files use of Google's libraries at parse level; everything else of them is not read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from goflow.parser.interpreter.modules import LibraryModule
from goflow.parser.interpreter.session import Session
from goflow.parser.interpreter.values import NativeFunction, Value
from goflow.parser.libraries.airflow.opaque import opaque_class
from goflow.parser.libraries.registry import resolver

_SCHEMA = "google.cloud.aiplatform.schema"
_PLACE = "gs://google-cloud-aiplatform/schema/dataset"
_KINDS = ("image", "tabular", "text", "time_series", "video")
_SINGLE_OR_MULTI = {f"{many}_label_classification": f"classification_{many}_label" for many in ("single", "multi")}
_FORMATS: Mapping[str, Mapping[str, str]] = {
    "image": {"bounding_box": "bounding_box", "image_segmentation": "image_segmentation", **_SINGLE_OR_MULTI},
    "text": {"extraction": "extraction", "sentiment": "sentiment", **_SINGLE_OR_MULTI},
    "video": {name: name for name in ("action_recognition", "classification", "object_tracking")},
}


@resolver("google")
def resolve(session: Session, name: str) -> Value | None:
    """A module of which something is known; None leaves it unread."""
    return LibraryModule(session, name, _MODULES[name]()) if name in _MODULES else None


def _nothing() -> dict[str, Any]:
    return {}


def _retry(name: str) -> Callable[[], dict[str, Any]]:
    """``Retry``, whose objects decorate functions."""

    def make() -> dict[str, Any]:
        cls = opaque_class(f"google.api_core.retry.{name}")
        cls.attributes["__call__"] = NativeFunction("__call__", lambda at, self, function, *args, **kwargs: function)
        return {name: cls}

    return make


def _metadata() -> dict[str, Any]:
    """Addresses of the schemas of Vertex AI's datasets."""
    return {kind: f"{_PLACE}/metadata/{kind}_1.0.0.yaml" for kind in _KINDS}


def _formats(kind: str) -> Callable[[], dict[str, Any]]:
    """Addresses of the formats that data of one KIND is imported in."""
    return lambda: {
        name: f"{_PLACE}/ioformat/{kind}_{told}_io_format_1.0.0.yaml" for name, told in _FORMATS[kind].items()
    }


_MODULES: Mapping[str, Callable[[], dict[str, Any]]] = {
    "google": _nothing,
    "google.api_core": _nothing,
    "google.api_core.retry": _retry("Retry"),
    "google.api_core.retry_async": _retry("AsyncRetry"),
    "google.cloud": _nothing,
    "google.cloud.aiplatform": _nothing,
    **dict.fromkeys((_SCHEMA, f"{_SCHEMA}.dataset", f"{_SCHEMA}.dataset.ioformat"), _nothing),
    f"{_SCHEMA}.dataset.metadata": _metadata,
    **{f"{_SCHEMA}.dataset.ioformat.{kind}": _formats(kind) for kind in _FORMATS},
}
