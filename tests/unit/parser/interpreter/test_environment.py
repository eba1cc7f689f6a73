"""``os.environ`` and ``.env`` files."""

from __future__ import annotations

import pytest

from goflow.domain.spec import Inputs
from goflow.parser.interpreter.values import Raised, Unknown
from tests.unit.parser.interpreter.evaluating import evaluate_text

FILE = """# settings
export A=1
B = two words  # said
C='single $x \\n'
D="double\\nline"
E
F=${A}/b
G=
"""
LOADING = {
    "environs": "from environs import Env\nenv = Env()\nenv.read_env()\nget = lambda n: env.str(n, 'none')\n",
    "dotenv": "import dotenv, os\ndotenv.load_dotenv()\nget = lambda n: os.environ.get(n, 'none')\n",
}


@pytest.mark.parametrize("loading", LOADING.values(), ids=LOADING.keys())
def test_an_env_file_in_the_folder_is_read(loading, tmp_path):
    (tmp_path / ".env").write_text(FILE)
    source = f"{loading}x = [get(n) for n in 'ABCDEGZ']\ny = get('F')\n"
    names, session = evaluate_text(source, tmp_path, Inputs(environment={"Z": "given"}))
    assert names["x"] == ["1", "two words", "single $x \\n", "double\nline", "none", "", "given"]
    assert isinstance(names["y"], Unknown)
    assert session.closure[".env"] is not None
    assert session.environment_used["A"] is None


def test_what_is_given_goes_before_an_env_file(tmp_path):
    (tmp_path / ".env").write_text("A=file\n")
    source = f"{LOADING['environs']}x = get('A')\nenv.read_env(override=True)\ny = get('A')\n"
    names, _ = evaluate_text(source, tmp_path, Inputs(environment={"A": "given"}))
    assert (names["x"], names["y"]) == ("given", "file")


def test_an_env_file_that_is_not_there_is_waited_for(tmp_path):
    _, session = evaluate_text(LOADING["environs"], tmp_path)
    assert session.closure[".env"] is None


def test_after_a_line_that_is_not_read_nothing_is_absent_for_sure(tmp_path):
    (tmp_path / ".env").write_text('A=1\nB="more\nlines"\n')
    names, _ = evaluate_text(f"{LOADING['dotenv']}x = get('C')\n", tmp_path)
    assert isinstance(names["x"], Unknown)


@pytest.mark.parametrize(
    "line", ["os.environ.get(i for i in 'ab')", "os.environ[1]", "os.environ['A'] = 1", "1 in os.environ"]
)
def test_names_and_values_are_texts(line, tmp_path):
    with pytest.raises(Raised) as found:
        evaluate_text(f"import os\n{line}\n", tmp_path)
    assert "str expected, not" in found.value.message


def test_what_the_file_sets_to_something_unknown_is_not_recorded(tmp_path):
    names, session = evaluate_text(
        "import os, random\nos.environ['A'] = str(random.random())\nx = os.environ['A'], 'A' in os.environ\n", tmp_path
    )
    assert isinstance(names["x"][0], Unknown)
    assert session.environment_used == {"A": None}
