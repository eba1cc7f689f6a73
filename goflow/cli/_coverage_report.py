"""`goflow check --airflow-repo`: find out and tell."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click
from rich.console import Console

from goflow.cli._coverage import report_on
from goflow.cli._coverage_forms import FORMS
from goflow.domain.spec import Dialect, Inputs
from goflow.parser.folder.repository import find_repository


def tell(
    root: Path, folders: Sequence[Path], roots: Sequence[Path], dialect: Dialect | None, inputs: Inputs, form: str
) -> None:
    """Print the report on the repository ROOT in that FORM. What is given stands over what is found: FOLDERS and import
    ROOTS, and the DIALECT. Raises click.UsageError where there is nothing to report on."""
    if form not in FORMS:
        raise click.UsageError(f"the report comes as {', '.join(FORMS)}, not as {form}")
    with Console(stderr=True).status("Looking through the repository"):
        repository = find_repository(root.resolve(), [folder.resolve() for folder in folders])
    if not repository.folders:
        raise click.UsageError(f"no file below {root} looks like a DAG file; name a folder with --folder")
    found = [repository.root / path for path, _ in repository.folders]
    imports = [*(path.resolve() for path in roots), *(repository.root / path for path in repository.import_roots)]
    FORMS[form](report_on(repository, found, imports, dialect, inputs))
