"""Versions in DAG files, held against the package that they come from."""

import itertools

import pytest
from packaging.version import Version

from .evaluating import evaluate_text

VERSIONS = (
    *("1", "1.0", "1.0.0", "1.1", "v2.0-alpha_3", "1.0a1", "1.0b2", "1.0rc1", "1.0.dev1", "1.0a1.dev2", "1.0.post1"),
    *("1.0.post1.dev3", "1.0-1", "1.0.r4", "2!0.1", "1.0+abc", "1.0+abc.1", "3.3.2"),
)


def test_versions_are_ordered_and_shown_as_the_package_does(tmp_path):
    pairs = list(itertools.product(VERSIONS, VERSIONS))
    source = f"""
from packaging.version import Version, parse
A = [(parse(a) < Version(b), parse(a) == parse(b), parse(a) >= parse(b)) for a, b in {pairs!r}]
B = [(str(Version(a)), Version(a).base_version, Version(a).release, Version(a).is_prerelease) for a in {VERSIONS!r}]
"""
    names, _ = evaluate_text(source, tmp_path)
    real = {text: Version(text) for text in VERSIONS}
    assert names["A"] == [(real[a] < real[b], real[a] == real[b], real[a] >= real[b]) for a, b in pairs]
    assert names["B"] == [(str(v), v.base_version, v.release, v.is_prerelease) for v in real.values()]


def test_what_is_no_version_is_a_value_error_as_invalid_version_is_one(tmp_path):
    source = """
from packaging.version import InvalidVersion, Version
try:
    Version("latest")
except InvalidVersion as problem:
    told = str(problem)
"""
    assert evaluate_text(source, tmp_path)[0]["told"] == "Invalid version: 'latest'"


@pytest.mark.parametrize(
    ("sentence", "text"),
    [
        ("a backslash at the end of a line joins it to the next", '''f"""one \\\n  two {1}"""'''),
        ("but not one that is itself escaped", '''f"""one \\\\\n  two {1}"""'''),
        ("and not in a raw text", '''rf"""one \\\n  two {1}"""'''),
        ("quotes need no escape and may have one", """f'it\\'s "{1}" \\"'"""),
        ("escapes mean what they mean elsewhere", 'f"\\t\\x41\\u00e9{1}\\N{BULLET}"'),
    ],
)
def test_texts_with_values_in_them_are_written_as_python_writes_them(tmp_path, sentence, text):
    assert evaluate_text(f"found = {text}", tmp_path)[0]["found"] == eval(text), sentence
