"""The DAG folder as a place for files that people write: only below it, never by half, never over a change unseen."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from goflow.domain.errors import AlreadyExistsError, GoFlowError, InvalidRequestError, NotFoundError
from goflow.jobfiles.checking import LARGEST
from goflow.parser.folder import CONFIG_NAME, is_yaml, left_out, read_regular

ASIDE = "..goflow"
"""Where a file is written before it gets its name: a folder that is neither read nor kept with versions, as those of
mounted ConfigMaps."""
_LONGEST = 250
_DEEPEST = 10
_NEVER = frozenset({"__pycache__", "node_modules"})


class NotWrittenError(GoFlowError):
    """The DAG folder cannot be written"""


def refuse_path(path: str) -> None:
    """Raise InvalidRequestError unless PATH can be a native DAG file's, below some folder."""
    parts = path.split("/")
    if not path or len(path) > _LONGEST or len(parts) > _DEEPEST:
        raise InvalidRequestError(f"a path of 1 to {_LONGEST} characters is needed, at most {_DEEPEST} folders deep")
    for part in parts:
        if not part or part.startswith(".") or part in _NEVER or not part.isprintable() or "\\" in part:
            raise InvalidRequestError(f"{path!r}: {part!r} cannot be a name in it")
    if not is_yaml(path) or parts[-1].startswith("."):
        raise InvalidRequestError(f"{path!r} does not end with .yaml or .yml")
    if path == CONFIG_NAME:
        raise InvalidRequestError(f"{CONFIG_NAME} is about the folder, and no DAG file")


def writable(root: Path) -> str | None:
    """Why nobody may write into the folder ROOT through the server; None: they may."""
    if not root.is_dir() or not os.access(root, os.W_OK | os.X_OK):
        return "the server may not write into it"
    if (root / "..data").is_symlink():
        return "it is a mounted ConfigMap"
    real = root.resolve()
    if any((folder / ".git").is_file() for folder in (real, *real.parents)):
        return "it is a Git work tree that others keep in step (git-sync)"
    return None


def read(root: Path, path: str) -> bytes | None:
    """The content of PATH below ROOT; None where there is no such file. Raises InvalidRequestError for a path that
    leads through a symbolic link, and for what is no file."""
    target = _below(root, path)
    try:
        return read_regular(target, LARGEST)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as problem:
        raise InvalidRequestError(f"{path}: {problem.strerror}") from None


def write(root: Path, path: str, content: bytes, *, new: bool) -> None:
    """Have CONTENT at PATH: all of it or, if this process is killed, what was there. NEW: raises AlreadyExistsError
    where something is there. Raises NotWrittenError, InvalidRequestError."""
    if left_out(root, path):
        raise InvalidRequestError(f"{path} would not be read: .airflowignore leaves it out", hint="take another path")
    target = _below(root, path)
    with _told(path), _beside(root, target, content) as aside:
        if new:
            try:
                os.link(aside, target)
            except FileExistsError:
                raise AlreadyExistsError(path) from None
        else:
            os.replace(aside, target)
        _sync(target.parent)


def delete(root: Path, path: str) -> None:
    """Have PATH no more. Raises NotFoundError, NotWrittenError."""
    target = _below(root, path)
    with _told(path):
        try:
            target.unlink()
        except FileNotFoundError:
            raise NotFoundError(path) from None
        _sync(target.parent)


def _below(root: Path, path: str) -> Path:
    """PATH below ROOT, which may be a link itself; nothing on the way may be one. Raises InvalidRequestError."""
    refuse_path(path)
    step = root
    for part in path.split("/"):
        step = step / part
        if step.is_symlink():
            raise InvalidRequestError(f"{path}: {part} is a symbolic link, and is not followed")
    return step


@contextlib.contextmanager
def _beside(root: Path, target: Path, content: bytes) -> Iterator[Path]:
    """A file with CONTENT that may be given the name TARGET, with the rights of what is there."""
    place = root / ASIDE
    place.mkdir(exist_ok=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = place / f"{os.getpid()}-{os.urandom(6).hex()}"
    try:
        with contextlib.suppress(FileNotFoundError):  # what a daemon has left that was killed here
            for old in place.iterdir():
                old.unlink()
        with aside.open("xb") as file:
            with contextlib.suppress(FileNotFoundError):
                os.fchmod(file.fileno(), target.stat().st_mode & 0o777)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        yield aside
    finally:
        aside.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            place.rmdir()


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _told(path: str) -> Iterator[None]:
    """What the system refuses, in words."""
    try:
        yield
    except OSError as problem:
        raise NotWrittenError(f"{path}: {problem.strerror}") from problem
