"""Models of pydantic against pydantic itself: each text is run by both, and leaves the same values."""

from __future__ import annotations

import os
import sys
import types

import pytest

from goflow.domain.spec import Inputs
from goflow.parser.interpreter.values import Unknown
from tests.unit.parser.interpreter.evaluating import evaluate_text

HEAD = (
    "import datetime, enum, typing\nfrom pathlib import Path\nfrom typing import Annotated, Any, ClassVar, Dict, List, Literal, Optional, Tuple, Union\nimport pydantic\nfrom pydantic import (BaseModel, ConfigDict, Field,\n"
    "    HttpUrl, PrivateAttr, ValidationError, computed_field, field_serializer, field_validator, model_validator)\n"
    "class E(enum.Enum):\n    A = 'a'\n    B = 'b'\n"
    "def tried(f):\n    try:\n        return f()\n    except (ValueError, TypeError, AttributeError) as e:\n        return type(e).__name__\n"
)
CASES = {
    "numbers and texts": (
        "class M(BaseModel):\n    i: int = 0\n    f: float = 0\n    s: str = ''\n    b: bool = False\n"
        "def one(**k): return tried(lambda: repr(M(**k)))\n"
        "x = [one(i=v) for v in (1, True, 2.0, ' 7 ', '+1', 'a', None, [], {})] + [one(f=v) for v in (1, True, '1e3', '2.5', 'q', None)]\n"
        "x += [one(b=v) for v in (1, 0, 'yes', 'OFF', 'T', 'maybe', None, [])] + [one(s=v) for v in ('a', None, [1], {})]"
    ),
    "containers are copied and what is in them converted": (
        "class M(BaseModel):\n    l: list = []\n    n: List[int] = []\n    t: tuple[int, str] = (0, '')\n    v: Tuple[float, ...] = ()\n"
        "    s: set[int] = set()\n    d: Dict[str, int] = {}\n    m: dict[str, list[int]] = {}\n    a: Any = None\n"
        "given = [1]\nm = M(l=given, n=('1', 2), t=['3', 'q'], v=[1], s=['1'], d={'k': '2'}, m={'k': ['5']}, a=given)\n"
        "x = (m.l is given, m.a is given, m.n, m.t, m.v, m.s, m.d, m.m, [tried(lambda: M(**k)) for k in (\n"
        "    {'l': 'ab'}, {'n': ['a']}, {'t': (1,)}, {'d': {'k': 'z'}}, {'d': 5}, {'n': None})])"
    ),
    "defaults are not validated, and copied": (
        "class M(BaseModel):\n    a: int = '5'\n    b: list = []\n    c: dict = Field(default_factory=dict)\n    e: E = 'nonsense'\n"
        "one, other = M(), M()\none.b.append(1)\none.c['k'] = 1\nx = one.a, one.b, other.b, other.c, one.e"
    ),
    "what is optional": (
        "class M(BaseModel):\n    a: Optional[int] = None\n    b: int | None = None\n    c: Union[str, None] = 'q'\n    d: Optional[List[str]] = None\n"
        "x = M().model_dump(), M(a='1', b=2, c=None, d=['z']).model_dump(), tried(lambda: M(a='z'))"
    ),
    "one of several types": (
        "class M(BaseModel):\n    a: Union[int, str] = 0\n    b: Union[str, List[str]] = ''\n    c: int | list[int] | None = None\n"
        "x = M(a=1, b='q', c=[1]).model_dump(), M(a='word', b=['q']).model_dump(), tried(lambda: M(b=None))"
    ),
    "members that are texts": (
        "class S(str, enum.Enum):\n    A = 'a'\nclass M(BaseModel):\n    s: S = S.A\n"
        "x = M(s='a').s.name, [tried(lambda: M(s=v)) for v in ('b', '', 'A', 1, True, 2.5, [], {})]"
    ),
    "literals and members": (
        "class M(BaseModel):\n    l: Literal['x', 'y', 1] = 'x'\n    e: E = E.A\n"
        "x = (M(l='y').l, M(l=1).l, M(e='b').e.name, M(e=E.A).e.name, M(e='b').model_dump(mode='json'),\n"
        "     [tried(lambda: M(**k)) for k in ({'l': 'z'}, {'e': 'c'}, {'e': 1}, {'l': None})])"
    ),
    "dates and paths": (
        "class M(BaseModel):\n    d: datetime.date = None\n    t: datetime.datetime = None\n    w: datetime.timedelta = None\n    p: Path = None\n"
        "m = M(d='2024-01-02', t='2024-01-02T03:04:05', w=60, p='/a/b')\n"
        "x = (m.d, m.t, m.w, str(m.p), M(t='2024-01-02 03:04').t, M(w=datetime.timedelta(1)).w, tried(lambda: M(d='2024-13-02')))"
    ),
    "models in models": (
        "class I(BaseModel):\n    n: int = 1\nclass M(BaseModel):\n    i: I = I()\n    l: List[I] = []\n    d: Dict[str, I] = {}\n    up: Optional['M'] = None\n"
        "m = M(i={'n': '2'}, l=[{'n': 3}, I()], d={'k': {}}, up={'l': [{}]})\n"
        "x = m.model_dump(), M().i is M().i, tried(lambda: M(i=5)), tried(lambda: M(l=[{'n': 'z'}])), repr(m), str(m.i)"
    ),
    "bounds": (
        "class M(BaseModel):\n    a: int = Field(1, gt=0, le=10)\n    s: str = Field('a', min_length=1, max_length=3)\n"
        "    n: Annotated[int, Field(ge=2)] = 5\n    l: List[int] = Field([], max_length=2)\n"
        "x = [tried(lambda: M(**k).model_dump()) for k in ({'a': 0}, {'a': '10'}, {'a': 11}, {'s': ''}, {'s': 'abcd'}, {'n': 1}, {'n': 2},\n"
        "     {'l': [1, 2]}, {'l': [1, 2, 3]})]"
    ),
    "names of their own": (
        "class M(BaseModel):\n    a: int = Field(alias='theA')\n    b: int = Field(2, serialization_alias='theB')\n"
        "class N(M):\n    model_config = ConfigDict(populate_by_name=True)\n"
        "x = (M(theA=1).model_dump(), M(theA=1).model_dump(by_alias=True), tried(lambda: M(a=1)), N(a=3).a, N(theA=4).dict())"
    ),
    "what is given beyond the fields": (
        "class M(BaseModel):\n    a: int = 1\nclass F(M, extra='forbid'):\n    pass\nclass A(M):\n    model_config = {'extra': 'allow'}\n"
        "class O(M):\n    class Config:\n        extra = 'forbid'\na = A(q=1, a=2)\na.z = 3\n"
        "x = (M(q=1).dict(), tried(lambda: F(q=1)), tried(lambda: O(q=1)), a.model_dump(), a.q, tried(lambda: setattr(M(), 'q', 1)),\n"
        "     sorted(a.model_fields_set), tried(lambda: M().q))"
    ),
    "frozen ones": (
        "class M(BaseModel):\n    model_config = ConfigDict(frozen=True)\n    a: int = 1\n    b: str = 'q'\n"
        "m = M(a='3')\nx = (tried(lambda: setattr(m, 'a', 2)), m.a, hash(m) == hash(M(a=3)), len({m, M(a=3), M(a=4)}))"
    ),
    "validators of a field": (
        "seen = []\nclass M(BaseModel):\n    a: str\n    b: int = 0\n    c: List[str] = []\n"
        "    @field_validator('a')\n    @classmethod\n    def clean(cls, v):\n        seen.append(v)\n        if not v:\n            raise ValueError('empty')\n        return v.strip()\n"
        "    @field_validator('b', mode='before')\n    @classmethod\n    def number(cls, v):\n        return v or '9'\n"
        "    @field_validator('a', 'c')\n    @classmethod\n    def last(cls, v: str, info):\n        assert v != 'bad'\n        return v\n"
        "x = M(a=' q ', b=None, c=['z']).dict(), M(a='q', b='4').b, tried(lambda: M(a='')), tried(lambda: M(a='bad')), seen, M.clean('  z')"
    ),
    "validators of a base, which a class that derives says anew": (
        "class A(BaseModel):\n    a: str = Field(...)\n    b: int = Field(default=..., gt=0)\n    @field_validator('a')\n    @classmethod\n"
        "    def f(cls, v):\n        return v + '1'\n    @model_validator(mode='after')\n    def m(self):\n        self.b += 1\n        return self\n"
        "class B(A):\n    @field_validator('a')\n    @classmethod\n    def f(cls, v):\n        return v + '2'\nclass C(A):\n    n: int = Field(1, frozen=True)\n"
        "    @model_validator(mode='after')\n    def m(self):\n        return self\n"
        "x = (A(a='a', b=1).dict(), B(a='a', b=1).dict(), C(a='a', b=1).dict(), tried(lambda: A(a='a')), tried(lambda: A(b=1)),\n"
        "     tried(lambda: setattr(C(a='a', b=1), 'n', 2)))"
    ),
    "validators of the whole": (
        "class M(BaseModel):\n    a: int = 1\n    b: int = 2\n    @model_validator(mode='before')\n    @classmethod\n    def early(cls, data):\n"
        "        return {**data, 'b': data.get('b', 7)}\n    @model_validator(mode='after')\n    def late(self):\n        if self.a > self.b:\n"
        "            raise ValueError('order')\n        self.a += 1\n        return self\nx = M(a='3').dict(), tried(lambda: M(a=5, b=1))"
    ),
    "private attributes and what comes after": (
        "class M(BaseModel):\n    a: int = 1\n    _p: int = 5\n    _q: list = PrivateAttr(default_factory=list)\n    LIMIT: ClassVar[int] = 10\n"
        "    def model_post_init(self, context):\n        self._p += self.a\n    @property\n    def twice(self):\n        return self.a * 2\n"
        "    @computed_field\n    @property\n    def thrice(self) -> int:\n        return self.a * 3\n    @classmethod\n    def of(cls, n):\n        return cls(a=n)\n"
        "m = M.of('4')\nx = m._p, m._q, m.LIMIT, M.LIMIT, m.twice, m.model_dump(), repr(m), m.dict(exclude={'thrice'})"
    ),
    "classes that derive": (
        "class A(BaseModel):\n    a: int = 1\n    b: str\n    def hello(self):\n        return self.b\nclass B(A):\n    c: float = 2\n    b: str = 'over'\n"
        "    def __init__(self, **k):\n        super().__init__(**{'a': 5, **k})\n"
        "x = B().dict(), B(a=7, c='3').hello(), list(B.model_fields), isinstance(B(), A), tried(lambda: A()), tried(lambda: A(1)), tried(lambda: B.a)"
    ),
    "dumps": (
        "class I(BaseModel):\n    n: Optional[int] = None\n    s: str = 'q'\nclass M(BaseModel):\n    i: I = I()\n    l: List[I] = []\n    d: dict = {}\n"
        "    t: tuple = (1,)\n    h: str = Field('secret', exclude=True)\nm = M(l=[I(n=1), {}], d={'k': None})\n"
        "x = (m.model_dump(exclude_none=True), m.model_dump(exclude_unset=True), m.model_dump(exclude_defaults=True), m.model_dump(include={'d'}),\n"
        "     m.model_dump(mode='json'), m.model_dump_json(), m.model_dump_json(indent=2), dict(I(n=2)), I(n=3).__dict__, {**m.dict(exclude={'l', 'i'})})"
    ),
    "objects out of data": (
        "class M(BaseModel):\n    a: int = 1\n    b: List[str] = []\nm = M.model_validate({'a': '2'})\nc = m.model_copy(update={'a': 9})\nd = m.copy(deep=True)\n"
        "x = (m.a, M.parse_obj({'b': ['q']}).b, M.model_validate_json('{\"a\": 4}').a, tried(lambda: M.model_validate_json('{')), c.a, c.b is m.b,\n"
        "     d.b is m.b, d == m, m != c, m == 1, M.model_construct(a='raw').a, M.model_validate(m) is m, tried(lambda: M.model_validate([1])))"
    ),
    "annotations as texts": (
        "class M(BaseModel):\n    a: 'int' = 1\n    b: 'Optional[List[int]]' = None\n    c: \"Later\" = None\nclass Later(BaseModel):\n    n: int = 3\n"
        "M.model_rebuild()\nx = M(a='2', b=['1'], c={}).model_dump()"
    ),
    "errors are ValueErrors": (
        "class M(BaseModel):\n    a: int\ntry:\n    M(a='z')\nexcept ValidationError as e:\n    x = isinstance(e, ValueError), type(e).__name__"
    ),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.filterwarnings("ignore")
def test_a_model_gives_what_pydantic_gives(name, tmp_path, monkeypatch):
    module = types.ModuleType("main_file")
    monkeypatch.setitem(sys.modules, "main_file", module)  # where names in annotations are looked for
    expected = module.__dict__
    exec(compile(HEAD + CASES[name], "main_file.py", "exec", dont_inherit=True), expected)  # text of this file alone
    names, _ = evaluate_text(HEAD + CASES[name], tmp_path)
    assert names["x"] == expected["x"]
    assert repr(type(names["x"])) == repr(type(expected["x"]))


UNKNOWN = {
    "a number for a text, which 1 takes and 2 refuses": "class M(BaseModel):\n    a: str\nx = M(a=1).a",
    "None for what is optional and not given": "class M(BaseModel):\n    a: Optional[int]\nx = M().a",
    "a type that is not read": "class M(BaseModel):\n    a: HttpUrl\nx = M(a='http://a').a",
    "a type under another name": "T = List[int]\nclass M(BaseModel):\n    a: T\nx = M(a=['1']).a",
    "a text that more than one type takes": "class M(BaseModel):\n    a: Union[int, str]\nx = M(a='1').a",
    "a moment of another zone": "class M(BaseModel):\n    a: datetime.datetime\nx = M(a='2024-01-01T00:00:00Z').a",
    "None for a default of None, which 1 takes": "class M(BaseModel):\n    a: int = None\nx = M(a=None).a",
    "a computed field under another name": (
        "class M(BaseModel):\n    @computed_field(alias='z')\n    @property\n    def a(self) -> int:\n        return 1\nx = M().model_dump(by_alias=True)"
    ),
    "one name for a field and for what is given beyond the fields": (
        "class M(BaseModel, extra='allow'):\n    a: int = Field(1, alias='z')\nx = M(a=5).model_dump(exclude_unset=True).get('a')"
    ),
    "a pattern": "class M(BaseModel):\n    a: str = Field('', pattern='a')\nx = M(a='b').a",
    "a configuration that is not followed": "class M(BaseModel):\n    model_config = ConfigDict(str_to_lower=True)\n    a: str\nx = M(a='A').a",
    "a validator around": (
        "class M(BaseModel):\n    a: int\n    @field_validator('a', mode='wrap')\n    @classmethod\n    def f(cls, v, h):\n        return h(v)\nx = M(a=1).a"
    ),
    "a validator that asks for the other fields": (
        "class M(BaseModel):\n    a: int\n    b: int\n    @field_validator('b')\n    @classmethod\n    def f(cls, v, info):\n"
        "        return info.data['a'] + v\nx = M(a=1, b=2).b"
    ),
    "a serializer of the file's own": (
        "class M(BaseModel):\n    a: int\n    @field_serializer('a')\n    def f(self, v):\n        return str(v)\nx = M(a=1).model_dump()['a']"
    ),
    "a dump without what may be None": (
        "import time\nclass M(BaseModel):\n    a: Any\nx = M(a=time.time()).model_dump(exclude_none=True).get('a')"
    ),
    "a value that is not known": "import time\nclass M(BaseModel):\n    a: int\nx = M(a=time.time()).a",
    "fields out of what is not known": "import time\nclass M(BaseModel):\n    a: int = 1\nx = M(**time.f()).a",
    "a default made of other fields": "class M(BaseModel):\n    a: int = 1\n    b: int = Field(default_factory=lambda d: d['a'])\nx = M().b",
    "a schema": "class M(BaseModel):\n    a: int = 1\nx = M.model_json_schema()",
    "what an error says": "class M(BaseModel):\n    a: int\ntry:\n    M()\nexcept ValidationError as e:\n    x = str(e)",
    "whether one is refused for which the two have different rules": (
        "class M(BaseModel):\n    a: Dict[str, str]\ntry:\n    M(a={'b': 1})\n    x = 'taken'\nexcept ValidationError:\n    x = 'refused'"
    ),
    "a field set in a class that derives": "class A(BaseModel):\n    a: int = 1\nclass B(A):\n    a = 2\nx = B().a",
    "dataclasses of pydantic": "@pydantic.dataclasses.dataclass\nclass D:\n    a: int\nx = D(a='1').a",
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_cannot_be_known_is_unknown(name, tmp_path):
    names, _ = evaluate_text(HEAD + UNKNOWN[name], tmp_path)
    assert isinstance(names["x"], Unknown)


SETTINGS = {
    "a prefix, and names in any letters": (
        "class S(BaseSettings):\n    model_config = SettingsConfigDict(env_prefix='APP_')\n    port: int = '80'\n    name: str = 'x'\n"
        "    tags: List[str] = []\n    debug: bool = False\n    other: str = Field('q', alias='OTHER')\n    left: Optional[int] = None\n"
        "s = S(name='given')\nx = s.model_dump(), s.port, S(OTHER='direct').other"
    ),
    "defaults are validated": "class S(BaseSettings):\n    nothing_of_that: int = '5'\nx = S().nothing_of_that",
    "exact names": (
        "class S(BaseSettings, case_sensitive=True):\n    app_tags: List[str] = []\n    app_port: int = 1\nx = S().app_tags, S().app_port"
    ),
}
ENVIRONMENT = {"APP_PORT": "99", "app_tags": '["a","b"]', "APP_DEBUG": "yes", "other": "z", "APP_NAME": "no"}


@pytest.mark.parametrize("name", SETTINGS)
def test_settings_come_from_the_environment(name, tmp_path, monkeypatch):
    for key, value in ENVIRONMENT.items():
        monkeypatch.setitem(os.environ, key, value)
    source = f"{HEAD}from pydantic_settings import BaseSettings, SettingsConfigDict\n{SETTINGS[name]}"
    module = types.ModuleType("main_file")
    monkeypatch.setitem(sys.modules, "main_file", module)  # where names in annotations are looked for
    expected = module.__dict__
    exec(compile(source, "main_file.py", "exec", dont_inherit=True), expected)  # text of this file alone
    names, session = evaluate_text(source, tmp_path, Inputs(environment=ENVIRONMENT))
    assert names["x"] == expected["x"]
    assert session.environment_used


def test_settings_that_nobody_gives_are_unknown(tmp_path):
    source = (
        "from pydantic_settings import BaseSettings, SettingsConfigDict\nclass S(BaseSettings):\n    needed: str\n    home: str = '/'\n"
        "class D(BaseSettings):\n    model_config = SettingsConfigDict(env_file='.env')\n    a: int = 1\nclass C(BaseSettings):\n    a: int = 1\n"
        "    @classmethod\n    def settings_customise_sources(cls, *sources, **more):\n        return ()\nx = S().needed, S().home, D().a, C().a\n"
    )
    names, session = evaluate_text(source, tmp_path)
    assert all(isinstance(value, Unknown) for value in names["x"])
    assert session.environment_used["NEEDED"] is None


def test_settings_of_pydantic_1(tmp_path):
    source = (
        "from pydantic import BaseSettings, Field\nclass S(BaseSettings):\n    a: int = Field(1, env='THE_A')\n    b: str = 'q'\n"
        "    class Config:\n        env_prefix = 'P_'\nx = S().a, S().b\n"
    )
    names, _ = evaluate_text(source, tmp_path, Inputs(environment={"the_a": "5", "P_B": "z"}))
    assert names["x"] == (5, "z")
