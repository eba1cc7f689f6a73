"""What each kind of dependency is worth: a change to it reads exactly the files again that have it, and no other."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from goflow.store import connections, variables
from goflow.store.rows import Connection
from tests.unit.importer.kit import Kit, native

HEAD = """
import glob, os
from pathlib import Path
from airflow.sdk import DAG, BaseHook, Variable
from airflow.providers.standard.operators.bash import BashOperator
HERE = Path(__file__).parent
"""
READERS = {
    "module.py": "from company.words import WORDS",
    "in_a_function.py": "def later():\n    from company import late\n",
    "missing_module.py": "try:\n    import company_later\nexcept ImportError:\n    pass",
    "namespace.py": "try:\n    import spaces.inner\nexcept ImportError:\n    pass",
    "content.py": "x = (HERE / 'data' / 'words.txt').read_text()",
    "opened.py": "with open(os.path.join(os.path.dirname(__file__), 'data/words.txt')) as f:\n    x = f.read()",
    "iterdir.py": "x = [p.name for p in (HERE / 'conf').iterdir()]",
    "listdir.py": "x = os.listdir(HERE / 'conf')",
    "glob_flat.py": "x = glob.glob(str(HERE / 'conf' / '*.ini'))",
    "glob_deep.py": "x = list((HERE / 'conf').rglob('*.ini'))",
    "walk.py": "x = list(os.walk(HERE / 'conf'))",
    "empty.py": "x = list((HERE / 'empty').iterdir())",
    "no_folder.py": "x = list((HERE / 'nowhere').glob('*.ini'))",
    "not_listed.py": "try:\n    x = os.listdir(HERE / 'nowhere')\nexcept OSError:\n    pass",
    "exists.py": "x = (HERE / 'flags' / 'on').exists()",
    "isfile.py": "x = os.path.isfile(HERE / 'flags' / 'on')",
    "isdir.py": "x = os.path.isdir(HERE / 'flags')",
    "variable.py": "x = Variable.get('words', default=None)",
    "connection.py": "try:\n    x = BaseHook.get_connection('db').host\nexcept Exception:\n    pass",
    "template.py": "command = 'run.sh'",
    "included.py": "command = \"{% include 'sql/part.sql' %} {% include 'absent.sql' %}\"",
    "nothing.py": "x = 1",
}
FILES = {
    "company/__init__.py": "",
    "company/words.py": "def f():\n    from .deep import DEEP\nWORDS = 'one'\n",
    "company/deep.py": "DEEP = 1\n",
    "company/late.py": "LATE = 1\n",
    "data/words.txt": "one",
    "conf/a.ini": "a: 1",
    "conf/deep/b.ini": "b: 1",
    "flags/on": "",
    "run.sh": "echo one {% include 'sql/more.sql' %}",
    "sql/part.sql": "select 1",
    "sql/more.sql": "select 2",
    ".airflowignore": "company*\nspaces\n",
}
ALL = sorted([*READERS, "other.yaml"])


def python(name: str, body: str) -> str:
    """A DAG file that depends on what BODY asks for."""
    dag = f"with DAG('{name.removesuffix('.py')}'):\n    BashOperator(task_id='a', bash_command=command)\n"
    return f"{HEAD}command = 'true'\n{body}\n{dag}"


def write(path: str, text: str) -> Callable[[Kit], object]:
    return lambda kit: kit.write(path, text)


def remove(path: str) -> Callable[[Kit], object]:
    return lambda kit: (kit.root / path).unlink()


def rename(path: str, to: str) -> Callable[[Kit], object]:
    return lambda kit: (kit.root / path).rename(kit.root / to)


def make_folder(path: str) -> Callable[[Kit], object]:
    return lambda kit: (kit.root / path).mkdir(parents=True)


def remove_folder(path: str) -> Callable[[Kit], object]:
    return lambda kit: (kit.root / path).rmdir()


def touch(path: str) -> Callable[[Kit], object]:
    return lambda kit: os.utime(kit.root / path, (1, 1))


def variable(name: str, value: str) -> Callable[[Kit], object]:
    def change(kit: Kit) -> None:
        with kit.store.transaction() as tx:
            variables.set_(tx, name, value, who="test")

    return change


def connection(name: str, host: str) -> Callable[[Kit], object]:
    def change(kit: Kit) -> None:
        with kit.store.transaction() as tx:
            connections.set_(tx, Connection(conn_id=name, conn_type="http", host=host), who="test")

    return change


LISTING = ["glob_deep.py", "glob_flat.py", "iterdir.py", "listdir.py", "walk.py"]
STEPS: list[tuple[str, Callable[[Kit], object], list[str]]] = [
    ("nothing changes", lambda kit: None, []),
    ("a module is touched", touch("company/words.py"), []),
    ("a module changes", write("company/words.py", "from .deep import DEEP\nWORDS = 'two'\n"), ["module.py"]),
    ("a module that a module imports changes", write("company/deep.py", "DEEP = 2\n"), ["module.py"]),
    ("a module imported in a function changes", write("company/late.py", "LATE = 2\n"), ["in_a_function.py"]),
    ("a module is renamed", rename("company/words.py", "company/word.py"), ["module.py"]),
    ("and back", rename("company/word.py", "company/words.py"), ["module.py"]),
    ("a package changes", write("company/__init__.py", "A = 1\n"), ["in_a_function.py", "module.py"]),
    ("a missing module appears", write("company_later.py", "A = 1\n"), ["missing_module.py"]),
    ("and goes", remove("company_later.py"), ["missing_module.py"]),
    ("it appears as a folder", make_folder("company_later"), ["missing_module.py"]),
    ("which goes", remove_folder("company_later"), ["missing_module.py"]),
    ("a namespace package appears", write("spaces/inner.py", "A = 1\n"), ["namespace.py"]),
    ("a data file changes", write("data/words.txt", "two"), ["content.py", "opened.py"]),
    ("a data file is touched", touch("data/words.txt"), []),
    ("a data file goes", remove("data/words.txt"), ["content.py", "opened.py"]),
    ("a data file is back", write("data/words.txt", "two"), ["content.py", "opened.py"]),
    ("a file beside it appears", write("data/other.txt", "x"), []),
    ("a listed file changes", write("conf/a.ini", "a: 2"), []),
    ("a listed file is renamed", rename("conf/a.ini", "conf/c.ini"), LISTING),
    ("a file is added", write("conf/d.txt", ""), LISTING),
    ("a file is added further down", write("conf/deep/e.ini", ""), ["glob_deep.py", "walk.py"]),
    ("a file goes", remove("conf/d.txt"), LISTING),
    ("an empty folder gets a file", write("empty/a.txt", ""), ["empty.py"]),
    ("a folder that was missing appears", make_folder("nowhere"), ["no_folder.py", "not_listed.py"]),
    ("and gets a file", write("nowhere/a.ini", ""), ["no_folder.py", "not_listed.py"]),
    ("what was asked for changes", write("flags/on", "more"), []),
    ("what was asked for is renamed", rename("flags/on", "flags/off"), ["exists.py", "isfile.py"]),
    ("what was asked for is a folder now", make_folder("flags/on"), ["exists.py", "isfile.py"]),
    ("the folder goes", rename("flags", "marks"), ["exists.py", "isdir.py", "isfile.py"]),
    ("a Variable is set", variable("words", "one"), ["variable.py"]),
    ("it is set to the same", variable("words", "one"), []),
    ("another one is set", variable("other", "one"), []),
    ("a Connection is made", connection("db", "one"), ["connection.py"]),
    ("another one is made", connection("other", "one"), []),
    ("a template changes", write("run.sh", "echo two {% include 'sql/more.sql' %}"), ["template.py"]),
    ("a template is touched", touch("run.sh"), []),
    ("what a template includes changes", write("sql/more.sql", "select 3"), ["template.py"]),
    ("what a field includes changes", write("sql/part.sql", "select 3"), ["included.py"]),
    ("what a field would include appears", write("absent.sql", ""), ["included.py"]),
    ("a template goes", remove("run.sh"), ["template.py"]),
    ("a DAG file changes", write("nothing.py", python("nothing.py", "x = 2")), ["nothing.py"]),
    ("a DAG file is renamed", rename("nothing.py", "something.py"), ["something.py"]),
    ("files are ignored", write(".airflowignore", "company*\nspaces\nmodule.py\n"), []),
    ("and not any more", write(".airflowignore", FILES[".airflowignore"]), ["module.py"]),
    ("goflow.yaml appears", write("goflow.yaml", "environment: {A: b}\n"),
     sorted({*ALL, "something.py"} - {"nothing.py"})),
]  # fmt: skip


@pytest.fixture
def folder(make_kit: Callable[..., Kit], tmp_path: Path) -> Kit:
    """The folder, read once."""
    kit = make_kit()
    for path, text in FILES.items():
        kit.write(path, text)
    (kit.root / "empty").mkdir()
    for name, body in READERS.items():
        kit.write(name, python(name, body))
    kit.write("other.yaml", native("other"))
    assert (sorted(kit.scan().read), kit.errors()) == (ALL, {})
    return kit


def test_a_change_reads_the_files_again_that_depend_on_it_and_no_other(folder: Kit) -> None:
    wrong = []
    for words, change, expected in STEPS:
        change(folder)
        found = sorted(folder.scan().read)
        if found != expected:
            wrong.append(f"{words}: {found}, not {expected}")
    assert wrong == []


def test_a_template_that_changes_makes_a_new_version_with_what_it_says(folder: Kit) -> None:
    folder.write("run.sh", "echo three")
    folder.write("sql/part.sql", "select 4")
    assert sorted(folder.scan().new_versions) == ["included", "template"]
    assert (folder.numbers("template"), folder.numbers("nothing")) == ([1, 2], [1])


MOVING = {
    "now": "datetime.now()",
    "now_less_a_day": "datetime.now() - timedelta(days=1)",
    "utcnow": "datetime.utcnow().replace(hour=0, minute=0, second=0, microsecond=0)",
    "pendulum_today": "pendulum.today('UTC').add(days=-2)",
    "timezone_now": "timezone.utcnow()",
}


def test_a_start_date_that_moves_makes_no_new_version_in_a_year(make_kit: Callable[..., Kit]) -> None:
    kit = make_kit()
    imports = "from datetime import datetime, timedelta\nimport pendulum\nfrom airflow.sdk import DAG, timezone\n"
    for name, moment in MOVING.items():
        kit.write(f"{name}.py", f"{imports}dag = DAG('{name}', start_date={moment}, schedule='@daily')\n")
    kit.scan()
    assert (sorted(kit.active()), kit.errors()) == (sorted(MOVING), {})
    later = make_kit(parser="tests.unit.importer.faults:in_a_year", safe_mode=False)  # so that all is read again
    summary = later.scan()
    assert sorted(summary.read) == [f"{name}.py" for name in sorted(MOVING)]
    assert (summary.new_versions, summary.new_readings, kit.errors()) == ([], [], {})
