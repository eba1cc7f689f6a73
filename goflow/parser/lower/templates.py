"""Template files: a field that names a ``.sh`` or ``.sql`` file becomes what is in it, as when Airflow bags a DAG."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Any

from goflow.parser.interpreter.session import Session
from goflow.parser.interpreter.values import At, Raised
from goflow.parser.libraries.airflow.dag import DagValue

_INCLUDED = re.compile(r"""\{%[-+]?\s*(?:include|import|from|extends)\s+["']([^"'\n]+)["']""")


class TemplateFiles:
    """The folders of one DAG in which template files are looked for: the file's own, then ``template_searchpath``."""

    def __init__(self, session: Session, dag: DagValue) -> None:
        self.session = session
        own = str(PurePosixPath(session.loader.told(session.root / session.main.path)).parent)
        more = dag.attributes.get("template_searchpath")
        self.folders = [own, *(str(path) for path in more or () if isinstance(path, str))] if _many(more) else [own]

    def resolved(self, value: Any, endings: tuple[str, ...]) -> Any:
        """VALUE, or the content of the file that it names; in lists, of each element."""
        if isinstance(value, str):
            found = self._content(value) if endings and value.endswith(endings) else None
            text = value if found is None else found
            self._note_included(text)
            return text
        if isinstance(value, list):
            return [self.resolved(inner, endings) if isinstance(inner, str) else inner for inner in value]
        return value

    def _content(self, name: str) -> str | None:
        """What Jinja's loader would find under NAME; None where there is no such file."""
        if "\n" in name or ".." in name.split("/"):
            return None
        loader = self.session.loader
        at = At(self.session, self.session.main, None)
        for folder in self.folders:
            path = loader.real(str(PurePosixPath(folder) / name.lstrip("/")))
            if not path.is_file():
                loader.session.closure.setdefault(loader.shown(path), None)
                continue
            try:
                return loader.read_text(path, at)
            except Raised:
                return None
        return None

    def _note_included(self, text: str) -> None:
        """Record the files that TEXT names to be included when it is rendered: they belong to the version, too."""
        todo = [text] if "{%" in text else []
        seen: set[str] = set()
        while todo:
            for name in _INCLUDED.findall(todo.pop()):
                if name not in seen:
                    seen.add(name)
                    todo.append(self._content(name) or "")


def _many(paths: Any) -> bool:
    return isinstance(paths, list | tuple)
