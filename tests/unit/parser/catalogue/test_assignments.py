"""The catalogue's generator: what is read off a constructor's source is what Python then does."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

TOOLS = Path(__file__).parents[4] / "tools" / "catalogue"


def load(name: str):
    spec = importlib.util.spec_from_file_location(name, TOOLS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


assignments = load("assignments")
generate = load("generate")
DEFAULT_NAME = "base"


class BaseOperator:
    def __init__(self, task_id=None, **kwargs):
        self.task_id = task_id


class Plain(BaseOperator):
    KIND = "a kind"

    def __init__(
        self, *, given, text=None, listed=None, kind=None, name=None, made=None, both=None, late=None, **kwargs
    ):
        super().__init__(**kwargs)
        self.given = given
        self.text = text or "nothing"
        self.listed = [] if listed is None else listed
        self.kind = kind or self.KIND
        self.name = name if name else DEFAULT_NAME  # noqa: FURB110  one of the forms that are read
        self.made = made.upper() if made else None
        if both:
            self.both = both
        else:
            self.both = 1
        late = late or 2
        self.late = late
        self.always = "fixed"


class Child(Plain):
    def __init__(self, *, table, **kwargs):
        super().__init__(given=table, text="from the child", **kwargs)
        self.always = table


class Grandchild(Child):
    pass


class Kwargs(Plain):
    def __init__(self, **kwargs):
        kwargs["given"] = "put in"
        kwargs.setdefault("text", "set")
        super().__init__(**kwargs)


class Before(Plain):
    def __init__(self, **kwargs):
        self.always = "before"
        super().__init__(**kwargs)


class Rest(Plain):
    """``*args`` is always empty: operators take keyword arguments alone."""

    def __init__(self, *args, **kwargs):
        kwargs["given"] = "put in"
        super().__init__(*args, **kwargs)


class Winding(Plain):
    def __init__(self, options, **kwargs):
        super().__init__(**options, **kwargs)


COMPUTED = {"computed": True}


@pytest.mark.parametrize(
    ("cls", "field", "source"),
    [
        (Plain, "given", {"argument": "given"}),
        (Plain, "text", {"argument": "text", "or": "nothing"}),
        (Plain, "listed", {"argument": "listed", "if_none": []}),
        (Plain, "kind", {"argument": "kind", "or": "a kind"}),
        (Plain, "name", {"argument": "name", "or": "base"}),
        (Plain, "made", COMPUTED),
        (Plain, "both", COMPUTED),
        (Plain, "late", {"argument": "late", "or": 2}),
        (Plain, "always", {"constant": "fixed"}),
        (Plain, "KIND", {"constant": "a kind"}),
        (Plain, "nowhere", COMPUTED),
        (Child, "given", {"argument": "table"}),
        (Child, "text", {"constant": "from the child"}),
        (Child, "always", {"argument": "table"}),
        (Child, "kind", {"argument": "kind", "or": "a kind"}),
        (Grandchild, "given", {"argument": "table"}),
        (Kwargs, "given", {"constant": "put in"}),
        (Kwargs, "text", COMPUTED),
        (Kwargs, "kind", {"argument": "kind", "or": "a kind"}),
        (Rest, "given", {"constant": "put in"}),
        (Rest, "kind", {"argument": "kind", "or": "a kind"}),
        (Before, "always", {"constant": "fixed"}),
        (Winding, "given", COMPUTED),
    ],
)
def test_the_source_of_a_field(cls, field, source):
    inits = [init for init in map(assignments.init_of, cls.__mro__[:-2]) if init]
    assert generate.source_of(cls, field, inits) == source


def test_what_is_read_is_what_python_does():
    """The same constructors, really called: an argument's value arrives where the source says."""
    assert Child(table="t").given == "t"
    assert Child(table="t").text == "from the child"
    assert Child(table="t").always == "t"
    assert Plain(given=1).kind == "a kind"
    assert Plain(given=1, kind="own").kind == "own"
    assert Plain(given=1).listed == []
    assert Kwargs().given == "put in"
    assert Before(given=1).always == "fixed"
