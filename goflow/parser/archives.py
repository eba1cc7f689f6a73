"""Reading an archive: its DAG files one after the other in one interpreter, as Airflow imports them."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from goflow.domain.spec import DagSpec, Inputs
from goflow.parser.api import Folder, ParseResult
from goflow.parser.folder.archives import Archive

if TYPE_CHECKING:
    from goflow.parser.interpreter.session import Session


def read_archive(archive: Archive, session: Session, folder: Folder, inputs: Inputs) -> ParseResult:
    """What the DAG files of ARCHIVE, the main file of SESSION, give.

    Its own modules come before those of the folder, since Airflow puts the archive at the head of ``sys.path``. The
    archive as a whole is what the reading depends on.
    """
    from goflow.parser.interpreter.modules import ModuleValue
    from goflow.parser.lower import collect
    from goflow.parser.reading import guarded, result_of
    from goflow.parser.syntax import trusted_nodes

    whole = session.main
    session.loader.open_archive(folder.root / whole.path, archive.files, archive.folders)
    modules: list[ModuleValue] = []
    for name in archive.dag_files:
        source = archive.files[name].decode("utf-8-sig", "replace")
        module = ModuleValue(session, PurePosixPath(name).stem, f"{whole.path}/{name}", source)
        session.main = module
        modules.append(module)
        with trusted_nodes():
            guarded(module, lambda module=module: _run(module))  # type: ignore[misc]
    for module in modules:
        whole.names.update({f"{module.name}.{name}": value for name, value in module.names.items()})
    session.main = whole
    return result_of(session, whole, guarded(whole, lambda: collect(session, whole)))


def _run(module: object) -> list[DagSpec]:
    from goflow.parser.interpreter.bodies import run_top
    from goflow.parser.interpreter.modules import ModuleValue, set_docstring
    from goflow.parser.interpreter.scopes import Frame

    assert isinstance(module, ModuleValue)
    session = module.session
    tree = module.parse()
    set_docstring(module)
    told = session.loader.told(session.root / module.path)
    module.names.update({"__name__": module.name, "__file__": told, "__package__": ""})
    session.loader.modules[module.name] = module  # the next file may import it
    run_top(Frame(session, module, module.scope), tree.body)
    return []
