"""Reading one file: what is said of it in ``goflow.yaml``, its evaluation, and everything that it depended on."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import libcst as cst

from goflow.domain.canonical import Json
from goflow.domain.diagnostics import Diagnostic, Severity, Span
from goflow.domain.spec import DagSpec, Dialect, Inputs, InputsUsed
from goflow.parser.api import AccountWantedError, Folder, ParseResult
from goflow.parser.archives import read_archive
from goflow.parser.comments import ignores_elsewhere, ignores_in
from goflow.parser.folder import (
    LARGEST_FILE,
    Archive,
    FileSettings,
    FolderConfig,
    ImportMode,
    folder_config,
    is_archive,
    is_yaml,
    looks_like_dag,
    open_archive,
    read_regular,
)
from goflow.parser.folder.discovery import leads_out
from goflow.parser.folder.survey import DEFAULT
from goflow.parser.interpreter.sources import LARGEST_SOURCE
from goflow.parser.limits import LONGEST_S, TimeIsUpError, stop_the_clock, time_limit
from goflow.parser.yaml import Kind, kind_of, read_native

if TYPE_CHECKING:
    from goflow.parser.interpreter.modules import ModuleValue
    from goflow.parser.interpreter.session import Session

Way = Callable[["Session", Folder, Inputs], ParseResult]
"""A way of reading a file: the session with the file as its main module, the folder, what the file may ask."""


UNREADABLE = frozenset({"GF001", "GF002", "GF003", "GF005"})
"""Where one of these is told, the file's text is no Python, no YAML, or too much of it: its comments are left alone."""


def read(folder: Folder, path: str, inputs: Inputs) -> ParseResult:
    """What reading PATH gives. Never raises."""
    try:
        with time_limit():
            return _read(folder, path, inputs)
    except AccountWantedError as wanted:
        runtime = folder_config(folder.root).for_file(path).runtime
        return ParseResult(path, "", errand=dataclasses.replace(wanted.errand, runtime=runtime))
    except TimeIsUpError:
        words = f"reading it takes more than {LONGEST_S:.0f} s"
        return ParseResult(path, "", (), (Diagnostic("GF005", words, Span(path), hint=_TOO_MUCH),), {path: None})


_NOT_UTF_8 = "bytes of a name that are not UTF-8 are shown as \\xNN: give the file, or its folder, another name"
_TOO_MUCH = "move what takes so long into the tasks: a scheduler reads this file again and again"


def _read(folder: Folder, path: str, inputs: Inputs) -> ParseResult:
    config = folder_config(folder.root)
    said = config.for_file(path)
    closure: dict[str, str | None] = dict(config.closure)
    diagnostics: list[Diagnostic] = list(said.diagnostics)
    if leads_out(folder.root / path, folder.root):
        words = "a symbolic link that leads out of the DAG folder, and is not followed"
        hint = "copy what it leads to into the folder, or name its place in import_roots"
        diagnostics.append(Diagnostic("GF001", words, Span(path), hint=hint))
        return ParseResult(path, "", (), tuple(diagnostics), {**closure, path: None})
    try:
        content = folder.kept[path] if path in folder.kept else _content(folder.root / path)
    except OSError as problem:
        words = f"the file cannot be read: {problem.strerror}"
        hint = _NOT_UTF_8 if isinstance(problem, FileNotFoundError) and "\\x" in path else ""
        diagnostics.append(Diagnostic("GF001", words, Span(path), hint=hint))
        return ParseResult(path, "", (), tuple(diagnostics), {**closure, path: None})
    closure[path] = hashlib.sha256(content).hexdigest()
    if any(found.severity is Severity.ERROR for found in said.diagnostics):
        return ParseResult(path, file_hash(closure), (), tuple(diagnostics), closure)
    result = _read_as_told(folder, config, path, content, inputs)
    if said.dialect is None and not (is_yaml(path) and kind_of(content) is not Kind.DAG_FACTORY):
        result = dataclasses.replace(result, inputs=dataclasses.replace(result.inputs, dialect=folder.dialect))
    whole = {**closure, **result.closure}
    readable = result.looks_like_dag and not any(one.code in UNREADABLE for one in result.diagnostics)
    ignores, misunderstood = ignores_in(content, path) if readable else ((), ())
    found = (*diagnostics, *result.diagnostics, *misunderstood)
    return dataclasses.replace(
        result,
        dags=tuple(config.apply(dag, path) for dag in result.dags),
        diagnostics=found,
        closure=whole,
        file_hash=file_hash(whole),
        ignores=(*ignores, *ignores_elsewhere(folder.root, found, path)),
    )


def _content(path: Path) -> bytes:
    return read_regular(path, LARGEST_FILE if is_archive(str(path)) else LARGEST_SOURCE)


def _read_as_told(folder: Folder, config: FolderConfig, path: str, content: bytes, inputs: Inputs) -> ParseResult:
    """What CONTENT gives by the way that its kind of file is read in."""
    said = config.for_file(path)
    dialect = said.dialect or folder.dialect
    if is_archive(path):
        archive = open_archive(content, path, dialect, safe_mode=folder.safe_mode and said.safe_mode)
        if not isinstance(archive, Archive):
            return ParseResult(path, "", (), () if archive is None else (archive,), looks_like_dag=archive is not None)
        return _read_by(_archive_way(said.import_mode, archive), folder, said, path, b"", inputs)
    kind = kind_of(content) if is_yaml(path) else None
    if kind is Kind.NATIVE:
        native = read_native(content, path)
        return ParseResult(path, "", tuple(native.dags), tuple(native.diagnostics))
    if is_yaml(path) and kind is None:  # YAML of somebody else's
        return ParseResult(path, "", looks_like_dag=False)
    if kind is None and folder.safe_mode and said.safe_mode and not looks_like_dag(content, path, dialect):
        return ParseResult(path, "", looks_like_dag=False)
    return _read_by(_way(said.import_mode if kind is None else None), folder, said, path, content, inputs)


def _read_by(way: Way, folder: Folder, said: FileSettings, path: str, content: bytes, inputs: Inputs) -> ParseResult:
    """What CONTENT gives in that WAY, with what `goflow.yaml` has SAID of the file."""
    roots = (*said.import_roots, *folder.import_roots)
    return evaluate_file(
        dataclasses.replace(folder, dialect=said.dialect or folder.dialect, import_roots=roots),
        path,
        content,
        said.inputs(dataclasses.replace(inputs, environment={**inputs.environment, **folder.environment})),
        "folder" if said.dialect else "inferred" if folder.inferred else "default",
        way,
    )


def _way(import_mode: ImportMode | None) -> Way:
    """How a file is read."""
    if import_mode != "sandbox":
        return _evaluated
    from goflow.parser.sandbox import read_in_sandbox

    return read_in_sandbox


def _archive_way(import_mode: ImportMode | None, archive: Archive) -> Way:
    """How an archive is read."""
    if import_mode != "sandbox":
        return functools.partial(read_archive, archive)
    from goflow.parser.sandbox import read_in_sandbox

    return functools.partial(read_in_sandbox, archive=archive)


def evaluate_file(
    folder: Folder, path: str, content: bytes, inputs: Inputs, dialect_source: str, way: Way | None = None
) -> ParseResult:
    """Read a file, by evaluating it or in another WAY; once more as the other dialect where it uses what only that one
    has (decision 5)."""
    from goflow.parser.libraries.airflow.dialects import OtherDialectError
    from goflow.parser.libraries.airflow.telling import told_by

    way = way or _evaluated
    if is_yaml(path) and kind_of(content) is Kind.AIRFLOW:
        return _read_as(dataclasses.replace(folder, dialect=Dialect.AIRFLOW3), path, content, inputs, "file", way)
    if dialect_source == "inferred" and told_by(content) is folder.dialect:
        dialect_source = "file"
    try:
        result = _read_as(folder, path, content, inputs, dialect_source, way)
        return _with_inference(result, folder) if dialect_source == "inferred" else result
    except OtherDialectError as found:
        as_other = dataclasses.replace(folder, dialect=found.dialect)
        result = _read_as(as_other, path, content, inputs, "file", way)
        if not result.dags and _fails_in_both(as_other, path, content, inputs, way):
            return _read_as(folder, path, content, inputs, "file", way)
        name, others = ("Airflow 2", "Airflow 3") if found.dialect is Dialect.AIRFLOW2 else ("Airflow 3", "Airflow 2")
        words = f"the file is read as one for {name}: under {others} it would fail with {found}"
        note = Diagnostic("GF501", words, found.span, Severity.NOTE)
        return dataclasses.replace(result, diagnostics=(note, *result.diagnostics))


def _fails_in_both(folder: Folder, path: str, content: bytes, inputs: Inputs, way: Way) -> bool:
    """Whether the file uses what the dialect of FOLDER does not have and the other one has."""
    from goflow.parser.libraries.airflow.dialects import OtherDialectError

    try:
        _read_as(folder, path, content, inputs, "folder", way)
    except OtherDialectError:
        return True
    return False


def _with_inference(result: ParseResult, folder: Folder) -> ParseResult:
    """RESULT, with a note where its DAGs mean what they do because of what other files of the folder tell."""
    if not result.dags or folder.dialect is DEFAULT:
        return result
    name = "Airflow 2" if folder.dialect is Dialect.AIRFLOW2 else "Airflow 3"
    words = f"nothing in the file tells which Airflow it is for: it is read as one for {name}, as its folder tells"
    hint = f"`dialect: {folder.dialect}` in goflow.yaml says it for certain"
    note = Diagnostic("GF507", words, Span(result.path), Severity.NOTE, hint)
    return dataclasses.replace(result, diagnostics=(note, *result.diagnostics))


def _read_as(folder: Folder, path: str, content: bytes, inputs: Inputs, dialect_source: str, way: Way) -> ParseResult:
    from goflow.parser.interpreter.builtins import give_builtins
    from goflow.parser.interpreter.modules import Loader, ModuleValue
    from goflow.parser.interpreter.session import Session
    from goflow.parser.interpreter.sources import SourceError, decoded
    from goflow.parser.libraries.airflow.state import state_of
    from goflow.parser.libraries.registry import resolve
    from goflow.parser.yaml.located import DocumentModule

    session = Session(
        root=folder.root,
        parse_path=folder.parse_path or str(folder.root),
        inputs=inputs,
        dialect=folder.dialect,
        import_roots=folder.import_roots,
        dialect_source=dialect_source,
    )
    session.loader = Loader(session, resolve)
    give_builtins(session)
    state_of(session)  # it wants to know of what is called before Airflow is imported, too
    try:
        source = decoded(content)
    except SourceError as problem:
        return ParseResult(path, "", (), (Diagnostic("GF001", str(problem), Span(path, problem.line)),))
    told = session.loader.told(folder.root / path)
    stem = Path(path).stem
    name = f"unusual_prefix_{hashlib.sha1(told.encode('utf-8', 'surrogatepass')).hexdigest()}_{stem}"
    kind = kind_of(content) if is_yaml(path) else None
    module = ModuleValue(session, name, path, source) if kind is None else DocumentModule(session, path, source)
    session.main = module
    return way(session, folder, inputs)


def _evaluated(session: Session, folder: Folder, inputs: Inputs) -> ParseResult:
    """What evaluating the main file of SESSION gives."""
    from goflow.parser.interpreter.generators import give_up_all
    from goflow.parser.interpreter.values import At
    from goflow.parser.syntax import trusted_nodes

    module = session.main
    kind = kind_of(module.source.encode()) if is_yaml(module.path) else None
    try:
        with trusted_nodes():
            dags = _evaluate(module, session.loader.told(folder.root / module.path), kind)
            foreseen = _foreseen(session, folder, dags)
    finally:
        give_up_all(session, At(session, module, None))
    return dataclasses.replace(result_of(session, module, dags), foreseen=foreseen)


def _foreseen(session: Session, folder: Folder, dags: list[DagSpec]) -> dict[str, Json]:
    from goflow.parser.foreseeing import foreseen

    return foreseen(session, folder.foresight, dags, guarded) if folder.foresight and dags else {}


def result_of(session: Session, module: ModuleValue, dags: list[DagSpec]) -> ParseResult:
    """What SESSION has found out about its file, the MODULE, which gave DAGS."""
    local_closure(module)
    return ParseResult(
        module.path,
        "",
        tuple(dags),
        tuple(session.diagnostics),
        dict(session.closure),
        InputsUsed(
            dict(session.variables_used),
            dict(session.environment_used),
            tuple(session.connections_used),
            dict(session.listings),
        ),
        described_in=dict(session.described_in),
    )


def _evaluate(module: Any, told: str, kind: Kind | None) -> list[DagSpec]:
    """Run the module and lower its DAGs; what goes wrong is put among the session's diagnostics."""
    from goflow.parser.interpreter.bodies import run_top
    from goflow.parser.interpreter.modules import set_docstring
    from goflow.parser.interpreter.scopes import Frame
    from goflow.parser.lower import collect
    from goflow.parser.yaml.evaluated import evaluate

    session = module.session

    def run() -> list[DagSpec]:
        if kind is not None:
            return evaluate(module, kind, told)
        tree = module.parse()
        set_docstring(module)
        module.names.update({"__name__": module.name, "__file__": told, "__package__": ""})
        run_top(Frame(session, module, module.scope), tree.body)
        return collect(session, module)

    return guarded(module, run)


def guarded(module: Any, run: Callable[[], list[DagSpec]]) -> list[DagSpec]:
    """What RUN gives; everything that it raises becomes a diagnostic of MODULE's file."""
    from goflow.parser.interpreter.session import BudgetError
    from goflow.parser.interpreter.sources import why_too_deep
    from goflow.parser.interpreter.values import Raised, UnknownElementsError
    from goflow.parser.libraries.airflow.dialects import OtherDialectError, code_and_hint, refuse_dialect

    session = module.session
    try:
        return run()
    except cst.ParserSyntaxError as problem:
        session.diagnostics.append(_not_python(module, problem))
    except Raised as problem:
        refuse_dialect(problem, session)
        code, hint = code_and_hint(problem, session)
        at = next((place for place in [problem.at, *problem.trace] if place.module is module), problem.at)
        at = problem.at if problem.at.module.is_data else at
        where = "" if problem.at.module is at.module else f" (raised at {problem.at.span})"
        session.report(code, f"{problem.message}{where}", at, hint=hint)
    except BudgetError as problem:
        stop_the_clock()
        session.report("GF005", f"reading it takes {problem.what}", problem.at, hint=_TOO_MUCH)
    except OtherDialectError:
        raise
    except UnknownElementsError as problem:
        session.report("GF101", f"what the file does depends on {problem.unknown.reason}", problem.unknown.at)
    except TimeIsUpError:
        stop_the_clock()
        session.report("GF005", f"reading it takes more than {LONGEST_S:.0f} s", None, hint=_TOO_MUCH)
    except MemoryError:
        session.report("GF005", "reading it takes more memory than it may", None, hint=_TOO_MUCH)
    except RecursionError:
        said = why_too_deep(module.source)
        if said is None:
            session.report("GF005", "reading it goes deeper than the reader can follow", None)
        else:
            found = Diagnostic("GF002", f"the file is not valid Python: {said}", Span(module.path, said.line, 1))
            session.diagnostics.append(found)
    except Exception as problem:
        session.report("GF009", f"{type(problem).__name__}: {problem}", None, hint=_innermost(problem))
    return []


def _not_python(module: Any, problem: cst.ParserSyntaxError) -> Diagnostic:
    """What is wrong with the text: in Python's own words, which are the better ones, where it agrees that it is."""
    import warnings

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(module.source, "<file>", "exec", dont_inherit=True)
    except SyntaxError as found:
        words, line, column = found.msg, found.lineno or 0, max(found.offset or 1, 1)
        end_line, end_column = found.end_lineno or 0, max(found.end_offset or 0, 0)
        span = Span(module.path, line, column, end_line, end_column)
    except (ValueError, RecursionError, MemoryError) as found:
        words, span = str(found), Span(module.path)
    else:
        words = problem.message.partition(": expected")[0]
        span = Span(module.path, problem.editor_line, problem.editor_column)
    return Diagnostic("GF002", f"the file is not valid Python: {words}", span)


def _innermost(problem: BaseException) -> str:
    """Where in GoFlow it happened, for the report."""
    trace = problem.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return "please report this file"
    code = trace.tb_frame.f_code
    return f"please report this file (in {Path(code.co_filename).name}, line {trace.tb_lineno}, {code.co_name})"


_INSIDE = re.compile(r"^[ \t]+(?:from\s+([\w.]+)\s+import\s+(\([^)]*\)|[^\n]*)|import\s+([^\n]+))", re.MULTILINE)
_WORD = re.compile(r"(?:^|[(,])\s*([\w.]+)")


def local_closure(module: Any, more: Iterable[bytes] = ()) -> None:
    """Add the local modules that the file's functions import when they run: they belong to the version, too.

    Their text is looked through for import statements and not evaluated; so is MORE, which belongs to the file.
    """
    loader = module.session.loader
    sources = [(module.source, ""), *((other.source, other.package) for other in loader.local_imports())]
    sources += [(content.decode("utf-8", "replace"), "") for content in more]
    seen = set(loader.modules)
    while sources:
        source, package = sources.pop()
        for found in _INSIDE.finditer(source) if "import" in source else ():
            for name in _imported(found, package):
                words = [
                    word for word in name.split(".") if word
                ]  # a text that only looks like an import has empty ones
                for end in range(1, len(words) + 1):
                    part = ".".join(words[:end])
                    if part not in seen:
                        seen.add(part)
                        sources += _local_source(module.session, part)


def _imported(found: re.Match[str], package: str) -> list[str]:
    """The dotted names of what may be modules in an import statement."""
    if found[1] is None:
        return _WORD.findall(found[3])
    base = found[1].lstrip(".")
    up = len(found[1]) - len(base)
    if up:
        words = package.split(".") if package else []
        if up > len(words):
            return []
        base = ".".join([*words[: len(words) - up + 1], *([base] if base else [])])
    return [base, *(f"{base}.{name}" for name in _WORD.findall(found[2]))]


def _local_source(session: Session, name: str) -> list[tuple[str, str]]:
    """The text of the local module NAME, recorded, and the package that relative imports in it start from."""
    words = Path(*name.split("."))
    for root in session.loader.roots:
        for candidate, package in (
            (root / words / "__init__.py", name),
            (root / words.with_name(f"{words.name}.py"), name.rpartition(".")[0]),
        ):
            if candidate.is_file():
                try:
                    content = read_regular(candidate)
                except OSError:  # too large or not to be read: nobody imports it
                    return []
                session.closure[session.loader.shown(candidate)] = hashlib.sha256(content).hexdigest()
                return [(content.decode("utf-8", "replace"), package)]
    return []


def file_hash(closure: dict[str, str | None]) -> str:
    """The version's hash: sha256 over the names and contents of all files that the reading depended on."""
    total = hashlib.sha256()
    for path, digest in sorted(closure.items()):
        if digest is not None:
            total.update(f"{path}\0{digest}\n".encode("utf-8", "surrogatepass"))
    return total.hexdigest()
