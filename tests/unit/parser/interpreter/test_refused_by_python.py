"""Files that Python's parser takes and its compiler refuses: Airflow reads nothing of them, nor do we."""

from __future__ import annotations

import pytest

from tests.unit.parser.airflow.reading import THREE, read
from tests.unit.parser.interpreter.evaluating import evaluate_text

REFUSED = {
    "a return of the module": "return 1\n",
    "a return of a class": "class C:\n    if 1:\n        return 1\n",
    "a break of the module": "if 1:\n    break\n",
    "a continue outside of loops": "def f():\n    continue\nf()\n",
    "an argument by name twice": "def f(a, *, a=1): pass\n",
    "a name that is global too late": "def f():\n    x = 1\n    global x\n",
    "a parameter that is global": "def f(x):\n    global x\n",
    "a nonlocal name that nothing has": "def f():\n    nonlocal x\n",
    "a nonlocal name of the module": "nonlocal x\n",
    "a break outside of loops": "def f():\n    break\n",
    "a continue in a class": "for x in []:\n    class C:\n        continue\n",
    "a yield in a class": "def f():\n    class C:\n        yield 1\n",
    "an await outside of coroutines": "def f():\n    await g()\n",
    "an argument twice": "def f():\n    def g(a, a): pass\n",
    "a star import in a function": "def f():\n    from os import *\n",
    "a future that is not": "def f():\n    pass\nfrom __future__ import braces\n",
    "two stars": "def f():\n    *a, *b = c\n",
    "a return with a value in an asynchronous generator": "async def f():\n    yield 1\n    return 2\n",
    "a bare except that is not the last": "def f():\n    try:\n        pass\n    except:\n        pass\n    except ValueError:\n        pass\n",
    "a pattern that takes all before others": "def f(x):\n    match x:\n        case y:\n            pass\n        case 1:\n            pass\n",
    "a name twice in a pattern": "def f(x):\n    match x:\n        case (y, y):\n            pass\n",
    "what is assigned to a comprehension's name": "def f():\n    [x := 1 for x in y]\n",
}  # fmt: skip


@pytest.mark.parametrize("source", REFUSED.values(), ids=REFUSED.keys())
def test_the_whole_file_is_refused_also_for_what_is_never_run(source):
    with pytest.raises(SyntaxError) as theirs:
        compile(source, "f.py", "exec")
    found = read("with DAG('d'):\n    E('e')\n" + source, THREE)
    assert found.dags == ()
    (told,) = found.diagnostics
    assert told.code == "GF002"
    assert theirs.value.msg in told.message


def test_a_module_that_is_imported_is_refused_by_its_import(tmp_path):
    (tmp_path / "other.py").write_text("def f():\n    break\n")
    names, _ = evaluate_text("try:\n    import other\nexcept SyntaxError as problem:\n    x = 1\n", tmp_path)
    assert names["x"] == 1
