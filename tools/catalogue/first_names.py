#!/usr/bin/env python3
"""Put the names that Airflow 1.10 had, and Airflow 2 dropped, beside those that the reader knows.

    .venv/bin/python tools/catalogue/first_names.py WHEEL_1_10_15 WHEEL_2_1_4 SITE_PACKAGES FACTS...

The wheels of ``apache-airflow`` 1.10.15 and 2.1.4 are read and not run: the first for what its modules of operators,
sensors, hooks and executors have, the second for where the same modules say that it went. SITE_PACKAGES is an
environment with today's providers (the tests' cache has one): what a name has become must be there, as a class of the
module that 2.1.4 names or as the one class of that name in the same provider, or in any. FACTS are the folders of the
reader and of the shim, whose ``names.txt`` (as names of Airflow 2) and ``moves.txt`` are added to. What became of
nothing is printed, for ``gone.txt``.
"""

from __future__ import annotations

import ast
import sys
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from goflow.domain.spec import Dialect
from goflow.parser.libraries.airflow.import_paths import canonical, has_name

ROOMS = ("contrib.operators", "contrib.sensors", "contrib.hooks", "contrib.executors", "contrib.kubernetes",
         "operators", "sensors", "hooks", "executors")  # fmt: skip
LISTS = {"_operators", "_sensors", "_hooks"}
"""Tables of packages by whose names everything in their modules could be imported from the package itself."""
RENAMED = {
    "ECSOperator": "airflow.providers.amazon.aws.operators.ecs.EcsRunTaskOperator",
    "S3ToGoogleCloudStorageOperator": "airflow.providers.google.cloud.transfers.s3_to_gcs.S3ToGCSOperator",
    "HiveToDynamoDBTransferOperator": "airflow.providers.amazon.aws.transfers.hive_to_dynamodb.HiveToDynamoDBOperator",
    "GcsToGDriveOperator": "airflow.providers.google.suite.transfers.gcs_to_gdrive.GCSToGoogleDriveOperator",
    "OracleToAzureDataLakeTransfer":
        "airflow.providers.microsoft.azure.transfers.oracle_to_azure_data_lake.OracleToAzureDataLakeOperator",
    "Hive2SambaOperator": "airflow.providers.apache.hive.transfers.hive_to_samba.HiveToSambaOperator",
    "CloudMLHook": "airflow.providers.google.cloud.hooks.mlengine.MLEngineHook",
    "AwsFirehoseHook": "airflow.providers.amazon.aws.hooks.kinesis.FirehoseHook",
    "BaseSensorOperator": "airflow.sensors.base.BaseSensorOperator",
    "CeleryExecutor": "airflow.providers.celery.executors.celery_executor.CeleryExecutor",
}  # fmt: skip
"""What got another name in a provider after 2.1.4; the last one's provider is not in that environment."""
Targets = dict[tuple[str, str], str]


def main() -> int:
    first, second, site, *folders = map(Path, sys.argv[1:])
    known = Providers(site)
    old, later = dict(modules(first)), dict(modules(second))
    found: Targets = {}
    lost: list[tuple[str, str]] = []
    for module, name, hint in [*wanted(old), *listed(old)]:
        if has_name(module, name, Dialect.AIRFLOW2) is not False:
            continue
        target = target_of(module, name, hint, later, known)
        if target is None:
            lost.append((module, name))
        else:
            found[module, name] = target
    for folder in folders:
        add(folder, found)
    for module, name in lost:
        print(f"{module}.{name} has become of nothing that is known")
    return 0


class Providers:
    """The classes of the providers below SITE by their path, and their paths by name."""

    def __init__(self, site: Path) -> None:
        self.paths: set[str] = set()
        self.by_name: dict[str, list[str]] = defaultdict(list)
        for file in sorted((site / "airflow" / "providers").rglob("*.py")):
            module = ".".join(file.relative_to(site).with_suffix("").parts).removesuffix(".__init__")
            if ".example_dags" in module or ".version_compat" in module:
                continue
            for node in ast.parse(file.read_text("utf-8")).body:
                if isinstance(node, ast.ClassDef):
                    self.paths.add(f"{module}.{node.name}")
                    self.by_name[node.name].append(f"{module}.{node.name}")

    def today(self, path: str) -> str | None:
        """Where the class at PATH is now; None where it is not, or more than one might be it."""
        if path in self.paths:
            return path
        same = self.by_name.get(path.rpartition(".")[2], [])
        provider = [other for other in same if other.split(".")[2:4] == path.split(".")[2:4]]
        nearest = provider or same
        return nearest[0] if len(nearest) == 1 else None


def modules(wheel: Path) -> Iterator[tuple[str, ast.Module]]:
    """The modules of WHEEL that are looked at."""
    with zipfile.ZipFile(wheel) as archive:
        for file in archive.namelist():
            module = file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
            room = module.removeprefix("airflow.")
            if file.endswith(".py") and any(room == one or room.startswith(f"{one}.") for one in ROOMS):
                yield module, ast.parse(archive.read(file))


def wanted(old: dict[str, ast.Module]) -> Iterator[tuple[str, str, str]]:
    """Module and name of every class, and the path that the module has it from, if it is not its own."""
    for module, tree in old.items():
        for node in tree.body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                yield module, node.name, ""
            elif (
                isinstance(node, ast.ImportFrom) and (node.module or "").startswith("airflow.") and only_hands_on(tree)
            ):
                for alias in node.names:
                    if alias.name[0].isupper():
                        yield module, alias.asname or alias.name, f"{node.module}.{alias.name}"


def only_hands_on(tree: ast.Module) -> bool:
    """Whether a module has nothing of its own."""
    return not any(isinstance(node, ast.ClassDef | ast.FunctionDef) for node in tree.body)


def listed(old: dict[str, ast.Module]) -> Iterator[tuple[str, str, str]]:
    """What a package has from the modules inside it by a table."""
    for package, tree in old.items():
        for node in tree.body:
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id in LISTS:
                for module, names in ast.literal_eval(node.value).items():
                    yield from ((package, name, f"{package}.{module}.{name}") for name in names)


def target_of(module: str, name: str, hint: str, later: dict[str, ast.Module], known: Providers) -> str | None:
    """The path under which today's Airflow has NAME of MODULE."""
    if name in RENAMED:
        return canonical(RENAMED[name])
    paths = [path for path in (hint, said_by(later.get(module), name), f"airflow.providers.{module}.{name}") if path]
    for path in paths:
        now = canonical(path)
        if now != path and (not now.startswith("airflow.providers.") or now in known.paths):
            return now
        if has_name(*path.rpartition(".")[::2], Dialect.AIRFLOW2) is True:
            return now
    return next((now for now in map(known.today, map(canonical, paths)) if now is not None), None)


def said_by(tree: ast.Module | None, name: str) -> str:
    """What a module of 2.1.4 imports as NAME, or derives its class NAME from."""
    if tree is None:
        return ""
    imported = {alias.asname or alias.name: f"{node.module}.{alias.name}" for node in ast.walk(tree)
                if isinstance(node, ast.ImportFrom) for alias in node.names}  # fmt: skip
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name == name and node.bases and isinstance(node.bases[0], ast.Name):
            return imported.get(node.bases[0].id, "")
    return imported.get(name, "")


def add(folder: Path, found: Targets) -> None:
    """FOUND into the two files of FOLDER."""
    own: dict[str, set[str]] = defaultdict(set)
    lines = {
        (old, new): names for old, new, *names in map(str.split, (folder / "moves.txt").read_text("utf-8").splitlines())
    }
    for (module, name), path in found.items():
        own[module].add(name)
        new, _, now = path.rpartition(".")
        entry = name if name == now else f"{name}={now}"
        names = lines.setdefault((module, new), [])
        if entry not in names:
            names.append(entry)
    text = [" ".join((*key, *sorted(names))) for key, names in sorted(lines.items())]
    (folder / "moves.txt").write_text("\n".join(text) + "\n", "utf-8")
    table = {
        row[0]: row for row in (line.split("|") for line in (folder / "names.txt").read_text("utf-8").splitlines())
    }
    for module, names_ in own.items():
        row = table.setdefault(module, [module, "2", "", "", ""])
        row[1] = row[1] if "2" in row[1] else f"2{row[1]}"
        row[3] = " ".join(sorted({*row[3].split(), *(names_ - set(row[2].split()))}))
    rows = sorted(table.values()) if list(table) == sorted(table) else list(table.values())
    (folder / "names.txt").write_text("\n".join("|".join(row) for row in rows) + "\n", "utf-8")


if __name__ == "__main__":
    sys.exit(main())
