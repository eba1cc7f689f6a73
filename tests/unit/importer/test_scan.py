"""What people do to a DAG folder, and what comes of it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from goflow.domain.canonical import walk
from goflow.domain.runs import DagRun
from goflow.domain.state import RunType
from goflow.store import Store, blobs, dags, events, recording, runs, variables, versions
from tests.unit.importer.kit import Kit, native

BROKEN = native("first_dag") + "Command: [oops\n"
"""A file that looks like one of ours and cannot be read."""


def start_run(kit: Kit, dag_id: str) -> DagRun:
    """A run of the DAG as it is now."""
    with kit.store.transaction() as tx:
        dag = dags.get(tx, dag_id)
        return runs.create(
            tx,
            dag_id=dag_id,
            run_id="manual__1",
            run_type=RunType.MANUAL,
            run_after=tx.now(),
            version_id=dag.version_id,
            reading_id=dag.reading_id,
            who="test",
        )


def test_a_new_file_is_taken(kit: Kit) -> None:
    kit.write("sub/a.yaml", native("first_dag"))
    summary = kit.scan()
    assert (summary.files, summary.read, summary.new_dags) == (1, ["sub/a.yaml"], ["first_dag"])
    assert kit.active() == {"first_dag": ("sub/a.yaml", 1)}
    dag = kit.dag("first_dag")
    assert (dag.name, dag.file_format, dag.is_paused, dag.task_count) == ("first_dag", "yaml", False, 1)
    assert kit.told() == [(events.DAG_ACTIVATED, "first_dag"), (events.DAG_VERSION, "first_dag")]


def test_what_did_not_change_is_not_read_again(kit: Kit) -> None:
    kit.write("a.yaml", native("first_dag"))
    kit.scan()
    told = kit.told()
    for _ in range(2):
        summary = kit.scan()
        assert (summary.files, summary.read) == (1, [])
    os.utime(kit.root / "a.yaml", (1, 1))
    assert kit.scan().read == [], "touched is not changed"
    assert kit.told() == told


def test_the_story_of_a_file(kit: Kit) -> None:
    """Edited, broken, mended, renamed, deleted, and back again."""
    path = kit.write("a.yaml", native("first_dag", "one"))
    kit.scan()
    path.write_text(native("first_dag", "two"))
    assert kit.scan().new_versions == ["first_dag"]
    assert (kit.active(), kit.command("first_dag")) == ({"first_dag": ("a.yaml", 2)}, ["sh", "-c", "two"])

    path.write_text(BROKEN)
    assert kit.scan().broken == ["a.yaml"]
    assert kit.errors() == {"a.yaml": ["GF003"]}
    assert kit.active() == {"first_dag": ("a.yaml", 2)}, "the last good version stays in force"
    assert kit.scan().read == [], "a broken file that did not change is not read again"

    path.write_text(native("first_dag", "one"))
    assert kit.scan().new_versions == [], "the bytes of version 1 are version 1"
    assert (kit.active(), kit.errors()) == ({"first_dag": ("a.yaml", 1)}, {})

    path.rename(kit.root / "b.yaml")
    summary = kit.scan()
    assert (summary.removed, summary.deactivated) == (["a.yaml"], [])
    [(dag_id, (file_path, _))] = kit.active().items()
    assert (dag_id, file_path) == ("first_dag", "b.yaml")

    (kit.root / "b.yaml").unlink()
    summary = kit.scan()
    assert (summary.removed, summary.deactivated) == (["b.yaml"], ["first_dag"])
    assert kit.active() == {}
    with kit.store.reading() as tx:
        assert not dags.get(tx, "first_dag").is_active
        assert len(versions.list_(tx, "first_dag")) >= 2, "history stays"

    kit.write("b.yaml", native("first_dag", "one"))
    kit.scan()
    assert "first_dag" in kit.active()
    assert kit.told().count((events.DAG_ACTIVATED, "first_dag")) == 2


def test_a_rename_is_told_as_no_loss(kit: Kit) -> None:
    path = kit.write("a.yaml", native("first_dag"))
    kit.scan()
    before = len(kit.told())
    for name in ("z.yaml", "a.yaml", "sub/m.yaml"):
        (kit.root / name).parent.mkdir(exist_ok=True)
        path = path.rename(kit.root / name)
        kit.scan()
        assert kit.active()["first_dag"][0] == name
    lost = [kind for kind, _ in kit.told()[before:] if kind in {events.DAG_DEACTIVATED, events.DAG_ACTIVATED}]
    assert lost == []


def test_one_bad_file_costs_no_other(kit: Kit) -> None:
    kit.write("a.yaml", native("first_dag"))
    kit.write("b.yaml", BROKEN)
    kit.write("c.yaml", native("third_dag"))
    kit.scan()
    assert set(kit.active()) == {"first_dag", "third_dag"}
    assert kit.errors() == {"b.yaml": ["GF003"]}


PIPES = ["helper.py", "x.py", ".airflowignore", "goflow.yaml", "template.yaml", "sub/.airflowignore"]


@pytest.mark.parametrize("name", PIPES)
@pytest.mark.timeout(60)
def test_a_pipe_in_the_folder_holds_up_nobody(kit: Kit, name: str) -> None:
    kit.write("a.py", "import airflow, helper  # dag\nairflow.DAG('a')\n")
    kit.write("helper.py", "")
    kit.write("sub/d.yml", "d:\n  tasks:\n    a: {operator: a.B}\n")
    kit.write("goflow.yaml", "pod_template: template.yaml\n")
    kit.write("template.yaml", "spec: {}\n")
    kit.scan()
    (kit.root / name).unlink(missing_ok=True)
    os.mkfifo(kit.root / name)
    kit.scan()
    kit.scanner.scan(thorough=False)
    if name == "goflow.yaml":
        assert kit.errors()["a.py"] == ["GF001"], "while what it says is not known, nothing is taken anew"


def test_yaml_with_what_no_character_is_costs_no_other(kit: Kit) -> None:
    kit.write("a.yaml", native("alpha"))
    kit.write("b.yaml", 'd:\n  tasks:\n    a: {b: "\\UFFFFFFFF", operator: a.B}\n')
    kit.write("c.yaml", native("gamma") + 'x: "\\UFFFFFFFF"\n')
    kit.scan()
    assert sorted(kit.active()) == ["alpha"]
    assert kit.errors() == {"b.yaml": ["GF003"], "c.yaml": ["GF003"]}


def test_half_a_character_is_kept_as_it_is(kit: Kit) -> None:
    kit.write(
        "a.py",
        "import airflow\ndag = airflow.DAG('a', doc_md='\\ud800 é', description='\\ud800', default_args={'owner': '\\udfff'})\n",
    )
    assert kit.scan().unsettled == []
    assert kit.scan().read == []
    with kit.store.reading() as tx:
        spec = versions.spec(tx, kit.dag("a").reading_id)
    assert "\ud800 é" in list(walk(spec.to_json()))


def test_an_error_goes_with_its_file(kit: Kit) -> None:
    path = kit.write("a.yaml", BROKEN)
    kit.scan()
    assert kit.errors() == {"a.yaml": ["GF003"]}
    path.unlink()
    kit.scan()
    assert kit.errors() == {}
    assert (events.IMPORT_MENDED, None) in kit.told()


def test_a_run_keeps_the_version_that_it_began_with(kit: Kit) -> None:
    path = kit.write("a.yaml", native("first_dag", "one"))
    kit.scan()
    run = start_run(kit, "first_dag")
    path.write_text(native("first_dag", "two"))
    kit.write("helper.txt", "new")
    kit.scan()
    with kit.store.reading() as tx:
        pinned = versions.spec(tx, runs.get(tx, run.id).reading_id)
        folder = blobs.folder(tx, versions.get(tx, run.version_id).folder_digest)
        assert pinned.tasks[0].native is not None
        assert pinned.tasks[0].native["Command"] == ["sh", "-c", "one"]
        assert blobs.content(tx, folder.files["a.yaml"][0]).decode() == native("first_dag", "one")
        assert "helper.txt" not in folder.files


def test_the_first_of_two_files_with_one_dag_id_keeps_it(kit: Kit) -> None:
    kit.write("b.yaml", native("first_dag", "b"))
    kit.write("a.yaml", native("first_dag", "a"))
    kit.scan()
    assert (kit.active(), kit.errors()) == ({"first_dag": ("a.yaml", 1)}, {"b.yaml": ["GF007"]})
    assert kit.scan().read == []
    (kit.root / "a.yaml").write_text(native("first_dag", "changed"))
    kit.scan()
    assert kit.active() == {"first_dag": ("a.yaml", 2)}


def test_who_had_the_id_keeps_it_from_a_new_file(kit: Kit) -> None:
    kit.write("b.yaml", native("first_dag", "b"))
    kit.scan()
    kit.write("a.yaml", native("first_dag", "a"))
    kit.scan()
    assert (kit.active(), kit.errors()) == ({"first_dag": ("b.yaml", 1)}, {"a.yaml": ["GF007"]})


@pytest.mark.parametrize("name", ["a.yaml", "c.yaml"])
@pytest.mark.parametrize("how", ["deleted", "renamed its DAG", "ignored"])
def test_an_id_that_is_let_go_is_taken_by_the_other_file(kit: Kit, name: str, how: str) -> None:
    owner = kit.write("b.yaml", native("first_dag", "b"))
    kit.scan()
    kit.write(name, native("first_dag", "other"))
    kit.scan()
    assert kit.errors() == {name: ["GF007"]}
    match how:
        case "deleted":
            owner.unlink()
        case "renamed its DAG":
            owner.write_text(native("another_dag"))
        case "ignored":
            kit.write(".airflowignore", "b.yaml\n")
    kit.scan()
    assert kit.active()["first_dag"][0] == name
    assert kit.errors() == {}
    assert (events.DAG_DEACTIVATED, "first_dag") not in kit.told()


def test_a_broken_owner_keeps_its_id(kit: Kit) -> None:
    owner = kit.write("a.yaml", native("first_dag", "a"))
    kit.scan()
    kit.write("b.yaml", native("first_dag", "b"))
    owner.write_text(BROKEN)
    kit.scan()
    assert kit.active() == {"first_dag": ("a.yaml", 1)}
    assert kit.errors() == {"a.yaml": ["GF003"], "b.yaml": ["GF007"]}


def test_a_file_that_is_gone_before_it_was_ever_good_leaves_nothing(kit: Kit) -> None:
    kit.write("a.yaml", BROKEN).unlink()
    kit.scan()
    assert (kit.active(), kit.errors()) == ({}, {})


def test_airflowignore_takes_files_out_of_force_and_back(kit: Kit) -> None:
    kit.write("a.yaml", native("first_dag"))
    kit.write("old/b.yaml", native("second_dag"))
    kit.scan()
    ignore = kit.write(".airflowignore", "old/\n")
    assert kit.scan().deactivated == ["second_dag"]
    ignore.unlink()
    kit.scan()
    assert set(kit.active()) == {"first_dag", "second_dag"}


def test_goflow_yaml_that_changes_is_read_into_every_dag(kit: Kit) -> None:
    kit.write("a.yaml", native("first_dag"))
    kit.write("b.yaml", native("second_dag"))
    kit.scan()
    config = kit.write("goflow.yaml", "namespace: jobs\n")
    assert kit.scan().read == ["a.yaml", "b.yaml"]
    assert {kit.dag(name).namespace for name in ("first_dag", "second_dag")} == {"jobs"}
    config.write_text("namespace: [oops\n")
    kit.scan()
    assert "goflow.yaml" in kit.errors()
    assert {kit.dag(name).namespace for name in ("first_dag", "second_dag")} == {"jobs"}
    config.unlink()
    kit.scan()
    assert kit.errors() == {}
    assert {kit.dag(name).namespace for name in ("first_dag", "second_dag")} == {""}


def test_dags_that_name_no_namespace_get_the_daemons(make_kit: object) -> None:
    kit: Kit = make_kit(namespace="jobs")  # type: ignore[operator]
    kit.write("a.yaml", native("first_dag"))
    kit.write("b.yaml", native("second_dag", Namespace="elsewhere"))
    kit.scan()
    assert [kit.dag(name).namespace for name in ("first_dag", "second_dag")] == ["jobs", "elsewhere"]


def test_a_reader_that_changed_reads_everything_again_and_makes_no_versions(kit: Kit) -> None:
    kit.write("a.yaml", native("first_dag"))
    kit.scan()
    kit.scanner.reader = "a newer one"
    summary = kit.scan()
    assert (summary.read, summary.new_versions, summary.new_readings) == (["a.yaml"], [], [])
    assert kit.numbers("first_dag") == [1]


def test_a_config_map_that_swaps_its_link_is_one_change(kit: Kit) -> None:
    def swap(version: str, command: str) -> None:
        data = kit.root / f"..{version}"
        data.mkdir()
        (data / "a.yaml").write_text(native("first_dag", command))
        (kit.root / "..data_tmp").symlink_to(data.name)
        (kit.root / "..data_tmp").rename(kit.root / "..data")

    swap("1", "one")
    (kit.root / "a.yaml").symlink_to("..data/a.yaml")
    kit.scan()
    swap("2", "two")
    shutil.rmtree(kit.root / "..1")
    summary = kit.scan()
    assert (summary.files, summary.read) == (1, ["a.yaml"])
    assert kit.active() == {"first_dag": ("a.yaml", 2)}
    with kit.store.reading() as tx:
        folder = blobs.folder(tx, versions.by_number(tx, "first_dag", 2).folder_digest)
    assert list(folder.files) == ["a.yaml"], "what the ConfigMap keeps aside is no part of the folder"


@pytest.mark.parametrize("inside", [".", "dags"], ids=["the repository", "a folder in it"])
def test_git_sync_that_swaps_the_folder_is_one_change(make_kit: object, tmp_path: Path, inside: str) -> None:
    def checkout(number: int) -> None:
        worktree = tmp_path / ".worktrees" / f"commit{number}"
        (worktree / inside).mkdir(parents=True)
        (worktree / ".git").write_text(f"gitdir: {tmp_path}/.git/worktrees/commit{number}")
        (worktree / inside / "a.yaml").write_text(native("first_dag", str(number)))
        (worktree / inside / "b.yaml").write_text(native("second_dag"))
        (tmp_path / "tmp-link").symlink_to(worktree.relative_to(tmp_path))
        (tmp_path / "tmp-link").rename(tmp_path / "repo")

    checkout(1)
    kit: Kit = make_kit(root=tmp_path / "repo" / inside)  # type: ignore[operator]
    kit.scan()
    checkout(2)
    assert kit.scan().read == ["a.yaml"], "the other file is the same in both commits"
    assert kit.active() == {"first_dag": ("a.yaml", 2), "second_dag": ("b.yaml", 1)}
    checkout(2_000)
    (tmp_path / ".worktrees" / "commit2000" / inside / "a.yaml").write_text(native("first_dag", "2"))
    assert kit.scan().new_versions == [], "the files of a commit that changed none of them"


def test_a_folder_that_is_not_there_yet_is_empty(make_kit: object, tmp_path: Path) -> None:
    kit: Kit = make_kit(root=tmp_path / "later")  # type: ignore[operator]
    assert kit.scan().files == 0
    kit.write("a.yaml", native("first_dag"))
    kit.scan()
    shutil.rmtree(kit.root)
    assert kit.scan().deactivated == ["first_dag"]


def test_a_folder_that_changes_while_it_is_read_is_read_again(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the reading and the keeping somebody writes: what would be kept is not what was read."""
    path = kit.write("a.yaml", native("first_dag", "one"))
    read = kit.scanner.pool.read_together

    def interrupted(setup: object, paths: object, meanwhile: object):  # type: ignore[no-untyped-def]
        for batch in read(setup, paths, meanwhile):  # type: ignore[arg-type]
            path.write_text(native("first_dag", "two"))
            yield batch

    monkeypatch.setattr(kit.scanner.pool, "read_together", interrupted)
    summary = kit.scan()
    assert (summary.unsettled, kit.active()) == (["a.yaml"], {})
    monkeypatch.undo()
    summary = kit.scan()
    assert (summary.unsettled, kit.command("first_dag")) == ([], ["sh", "-c", "two"])
    with kit.store.reading() as tx:
        folder = blobs.folder(tx, versions.by_number(tx, "first_dag", 1).folder_digest)
        assert blobs.content(tx, folder.files["a.yaml"][0]).decode() == native("first_dag", "two")


def test_a_file_that_cannot_be_written_down_costs_no_other(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in "abc":
        kit.write(f"{name}.yaml", native(f"dag_{name}"))
    read, record_all = kit.scanner.pool.read_together, recording.record_all

    def together(setup: object, paths: object, meanwhile: object):  # type: ignore[no-untyped-def]
        yield [parsed for batch in read(setup, paths, meanwhile) for parsed in batch]  # type: ignore[arg-type]

    def refuse(tx: object, readings: Sequence[recording.Reading], **said: object) -> object:
        if any(reading.dag.dag_id == "dag_b" for reading in readings):
            raise RuntimeError("the disk is full")
        return record_all(tx, readings, **said)  # type: ignore[arg-type]

    monkeypatch.setattr(kit.scanner.pool, "read_together", together)
    monkeypatch.setattr(recording, "record_all", refuse)
    summary = kit.scan()
    assert (summary.unsettled, sorted(kit.active())) == (["b.yaml"], ["dag_a", "dag_c"])
    monkeypatch.undo()
    summary = kit.scan()
    assert (summary.read, summary.unsettled, len(kit.active())) == (["b.yaml"], [], 3)


def test_a_new_dag_is_paused_unless_the_settings_say_otherwise(make_kit: object) -> None:
    kit: Kit = make_kit(unpaused_at_creation=False)  # type: ignore[operator]
    kit.write("a.yaml", native("first_dag"))
    kit.scan()
    assert kit.dag("first_dag").is_paused


def test_many_files_are_taken_in_the_order_of_their_paths(make_kit: object) -> None:
    kit: Kit = make_kit(processes=2)  # type: ignore[operator]
    for number in range(30):
        kit.write(f"{number:02}.yaml", native(f"dag_{number}"))
    kit.write("99.yaml", native("dag_0"))
    summary = kit.scan()
    assert summary.read == sorted(summary.read)
    assert len(kit.active()) == 30
    assert kit.errors() == {"99.yaml": ["GF007"]}


def test_variables_that_a_file_did_not_ask_for_do_not_matter(kit: Kit) -> None:
    kit.write("a.yaml", native("first_dag"))
    kit.scan()
    with kit.store.transaction() as tx:
        variables.set_(tx, "other", "1", who="test")
    assert kit.scan().read == []


def test_on_postgresql_too(postgres_url: str, make_kit: object) -> None:
    store = Store(postgres_url)
    kit: Kit = make_kit(store=store)  # type: ignore[operator]
    path = kit.write("a.yaml", native("first_dag", "one"))
    kit.write("b.yaml", native("first_dag", "other"))
    kit.scan()
    path.write_text(native("first_dag", "two"))
    kit.scan()
    assert (kit.active(), kit.errors()) == ({"first_dag": ("a.yaml", 2)}, {"b.yaml": ["GF007"]})
    path.unlink()
    kit.scan()
    assert kit.active()["first_dag"][0] == "b.yaml"
    store.close()


def test_what_a_comment_ignores_is_not_recorded(kit):
    kit.write("a.yaml", native("told", RetryPolicy="Always"))
    kit.write("b.yaml", native("silenced", RetryPolicy="Always  # goflow: ignore[GF404]"))
    kit.scan()
    with kit.store.reading() as tx:
        found = {
            name: [item.code for item in versions.reading(tx, kit.dag(name).reading_id).diagnostics]
            for name in ("told", "silenced")
        }
    assert found == {"told": ["GF404"], "silenced": []}
