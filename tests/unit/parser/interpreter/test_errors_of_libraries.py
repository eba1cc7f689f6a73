"""What Python's and pendulum's own functions raise: a file's handlers for it take the arm that they take in Python."""

import pytest

from goflow.parser.interpreter.values import Unknown
from tests.unit.parser.interpreter.evaluating import evaluate_text

START = "import pendulum, sys, zoneinfo\nimport pendulum.tz.exceptions\nfrom pendulum.exceptions import ParserError\n"
ERRORS = {
    "a zone that there is not": ("pendulum.timezone('No/Where')", "pendulum.tz.exceptions.InvalidTimezone"),
    "a moment in it": ("pendulum.datetime(2024, 1, 1, tz='No/Where')", "pendulum.tz.exceptions.TimezoneError"),
    "it caught as a ValueError": ("pendulum.now('No/Where')", "ValueError"),
    "it for zoneinfo": ("zoneinfo.ZoneInfo('No/Where')", "zoneinfo.ZoneInfoNotFoundError"),
    "it for zoneinfo as a KeyError": ("zoneinfo.ZoneInfo('No/Where')", "KeyError"),
    "a text that is no moment": ("pendulum.parse('rubbish')", "ParserError"),
    "what is no module's name": ("sys.modules['no such']", "KeyError"),
    "what no module can be": ("sys.modules[{}]", "TypeError"),
}


@pytest.mark.parametrize(("call", "kind"), ERRORS.values(), ids=ERRORS.keys())
def test_the_handler_for_it_catches_it(call, kind, tmp_path):
    source = f"try:\n    {call}\nexcept {kind}:\n    x = 'caught'\nexcept Exception:\n    x = 'another'\n"
    assert evaluate_text(START + source, tmp_path)[0]["x"] == "caught"


@pytest.mark.parametrize(
    ("call", "kind"), [("pendulum.timezone('No/Where')", "KeyError"), ("zoneinfo.ZoneInfo('No/Where')", "ValueError")]
)
def test_a_handler_for_another_does_not(call, kind, tmp_path):
    source = f"try:\n    {call}\nexcept {kind}:\n    x = 'caught'\nexcept Exception:\n    x = 'another'\n"
    assert evaluate_text(START + source, tmp_path)[0]["x"] == "another"


def test_whether_somebody_else_has_loaded_a_module_is_not_known(tmp_path):
    source = "try:\n    x = 1\n    sys.modules['some_library']\n    x = 2\nexcept KeyError:\n    x = 3\n"
    assert isinstance(evaluate_text(START + source, tmp_path)[0]["x"], Unknown)


def test_modules_that_are_always_loaded_are_there(tmp_path):
    source = "x = (sys.modules['os'].path.basename('a/b'), 'sys' in sys.modules, sys.modules.get('no such', 5))"
    assert evaluate_text(START + source, tmp_path)[0]["x"] == ("b", True, 5)
