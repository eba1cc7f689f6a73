"""Files that people keep in the database are read as those of the folder are."""

from __future__ import annotations

from goflow.store import blobs, dags, job_files, versions
from tests.unit.importer.kit import Kit, native

PATH = f"{job_files.FOLDER}/nightly.yaml"


def keep(kit: Kit, content: str, path: str = PATH) -> None:
    with kit.store.transaction() as tx:
        job_files.put(tx, path, content.encode(), who="ada")


def test_a_kept_file_gives_a_dag_with_its_source(kit: Kit) -> None:
    kit.write("other.yaml", native("other"))
    keep(kit, native("nightly"))
    assert sorted(kit.scan().read) == [PATH, "other.yaml"]
    assert kit.active() == {"other": ("other.yaml", 1), "nightly": (PATH, 1)}
    with kit.store.reading() as tx:
        version = versions.by_number(tx, "nightly", 1)
        folder = blobs.folder(tx, version.folder_digest)
        assert blobs.content(tx, folder.files[PATH][0]) == native("nightly").encode()


def test_it_is_read_again_when_it_changes_and_only_then(kit: Kit) -> None:
    keep(kit, native("nightly", "one"))
    kit.scan()
    assert kit.scan().read == []
    keep(kit, native("nightly", "two"))
    assert kit.scan().read == [PATH]
    assert (kit.command("nightly")[-1], kit.numbers("nightly")) == ("two", [1, 2])


def test_its_dags_leave_with_it_and_their_history_stays(kit: Kit) -> None:
    keep(kit, native("nightly"))
    kit.scan()
    with kit.store.transaction() as tx:
        job_files.remove(tx, PATH)
    summary = kit.scan()
    assert (summary.removed, summary.deactivated) == ([PATH], ["nightly"])
    with kit.store.reading() as tx:
        assert not dags.get(tx, "nightly").is_active
    assert kit.numbers("nightly") == [1]


def test_what_is_wrong_in_it_is_an_import_error_and_the_last_good_version_stays(kit: Kit) -> None:
    keep(kit, native("nightly"))
    kit.scan()
    keep(kit, "Name: nightly\nCommand: 3\nRetriez: 2\n")
    assert kit.scan().broken == [PATH]
    assert list(kit.errors()) == [PATH]
    assert kit.active() == {"nightly": (PATH, 1)}


def test_a_dag_of_the_folder_is_not_taken_from_it(kit: Kit) -> None:
    kit.write("mine.yaml", native("nightly", "mine"))
    kit.scan()
    keep(kit, native("nightly", "theirs"))
    kit.scan()
    assert kit.errors() == {PATH: ["GF007"]}
    assert kit.active() == {"nightly": ("mine.yaml", 1)}


def test_goflow_yaml_speaks_of_it_by_its_path(kit: Kit) -> None:
    kit.write("goflow.yaml", f"rules:\n  - path: {job_files.FOLDER}/\n    namespace: people\n")
    keep(kit, native("nightly"))
    kit.scan()
    assert kit.errors() == {}
    with kit.store.reading() as tx:
        spec = versions.spec(tx, dags.get(tx, "nightly").reading_id)
    assert spec.runtime.namespace == "people"
