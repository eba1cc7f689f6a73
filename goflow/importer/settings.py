"""What the importer is told, and what it tells of one scan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from goflow.domain.spec import Dialect

PARSER = "goflow.parser.api:parse_file"
PARSE_TIMEOUT_S = 50.0
PARSE_MEMORY_MB = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportSettings:
    """Which folder is read, and how. ROOT, IMPORT_ROOTS, PARSE_PATH, DIALECT (None: what the folder's files tell),
    SAFE_MODE, RUNS_FILES: `goflow.parser.api.Folder`.

    SECRET_ENVIRONMENT: names of variables that tasks find in their environment, whose values no reading may have.
    RESCAN_INTERVAL_S: seconds between scans that hash every file; PARSE_TIMEOUT_S: after so many seconds the reading of
    a file is given up; PARSE_MEMORY_MB: as much memory a reading process may take; PROCESSES: how many of them there
    are; IDLE_S: after so many seconds without work they end, but for the one that they are forked from. NAMESPACE is
    that of DAGs which name none. RUNS_IN: the image that files are run in where they are not run here; empty: nobody
    does it.
    ONLY: no files but these, relative to the folder; they are read whether the folder ignores them or not.
    PARSER is the function that reads a file, ``module:function`` (tests inject faults with it).
    """

    root: Path
    import_roots: tuple[Path, ...] = ()
    parse_path: str = ""
    dialect: Dialect | None = None
    safe_mode: bool = True
    environment: Mapping[str, str] = field(default_factory=dict)
    secret_environment: frozenset[str] = frozenset()
    runs_files: bool = True
    rescan_interval_s: float = 30.0
    parse_timeout_s: float = PARSE_TIMEOUT_S
    parse_memory_mb: int = PARSE_MEMORY_MB
    processes: int = 1
    idle_s: float = 10.0
    unpaused_at_creation: bool = False
    namespace: str = ""
    runs_in: str = ""
    only: frozenset[str] | None = None
    parser: str = PARSER


@dataclass(slots=True)
class ImportSummary:
    """What one scan found and did. Lists are of paths relative to the folder, or of DAG ids.

    READ files were read anew, BROKEN ones of them have errors, UNSETTLED ones changed while they were read and are
    looked at again soon, WAITING ones are being run elsewhere to be read. DEACTIVATED: DAG ids whose file is gone or
    does not define them any more.
    """

    files: int = 0
    read: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    unsettled: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    new_dags: list[str] = field(default_factory=list)
    new_versions: list[str] = field(default_factory=list)
    new_readings: list[str] = field(default_factory=list)
    deactivated: list[str] = field(default_factory=list)
    seconds: float = 0.0
    parse_seconds: float = 0.0
