"""``default_args`` with names that no task takes."""

from goflow.parser.lower import default_arguments

from .reading import read


def test_a_file_of_many_dags_is_looked_through_once_for_the_place_of_such_a_name(monkeypatch):
    looked = []
    keys_in = default_arguments._keys_in
    monkeypatch.setattr(default_arguments, "_keys_in", lambda tree: looked.append(tree) or keys_in(tree))
    result = read(
        """
        ARGUMENTS = {"owner": "a", "catchup": False, "schedule": None}
        for n in range(20):
            with DAG(f"d{n}", default_args=ARGUMENTS):
                E()
        """
    )
    assert len(result.dags) == 20
    assert {(told.code, told.span.line, told.message.partition(" ")[0]) for told in result.diagnostics} == {
        ("GF204", 19, "catchup"),
        ("GF204", 19, "schedule"),
    }
    assert len(looked) == 1
