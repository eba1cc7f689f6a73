"""Random expressions of a wanted type, as text: what the evaluator and Python are both asked for."""

from __future__ import annotations

import random
from collections.abc import Callable

WORDS = ["''", "'a'", "'ab-cd'", "'Hello World'", "'  x\\ty\\n'", "'ß Ünï'", "'1'", "'-12'", "'3.5'", "'a,b,,c'", "'k1'",
         "'aXbXc'", '"it\'s"', "'{}'", "'%s'", "r'\\d+'", "'''two\nlines'''", "'日本'", "'AbC'", "'0x1f'", "'$who'", "'k2'",
         "'a' 'b'"]  # fmt: skip
INTS = ["0", "1", "2", "3", "-1", "-7", "10", "255", "1000", "0x1f", "1_000", "True", "12345678901234567890"]
FLOATS = ["0.0", "1.5", "-2.25", "1e3", "0.1", "3.14159", "1e16", "2.5", "float('inf')", "-0.0", "1e-7", "123456.789"]
KEYS = ["'a'", "'b'", "'k1'", "'k2'"]
SPECS = ["5", "<7", ">7", "^7", "05d", "+d", ",", "x", "#x", "b", "e", ".2f", "8.3f", "%", "_", "*^9", "c", "n", "g",
         "", "s", "10s", ".3", "=+8", "o", "#b", "08.3f", " d", "X", ".1%", "+.2e"]  # fmt: skip
PERCENTS = ["%d", "%s", "%r", "%5d", "%-5s|", "%05.1f", "%x", "%%", "%(a)s", "%c", "%e", "%+d", "%i", "%.2s", "%o", "%#x",
            "%a", "%*d", "% d", "%g"]  # fmt: skip
STRING_METHODS = {
    "capitalize": "", "casefold": "", "center": "n|n,c", "count": "s", "endswith": "s|t", "expandtabs": "|n", "find": "s|s,i",
    "index": "s", "isalnum": "", "isalpha": "", "isascii": "", "isdecimal": "", "isdigit": "", "isidentifier": "",
    "islower": "", "isnumeric": "", "isprintable": "", "isspace": "", "istitle": "", "isupper": "", "join": "l",
    "ljust": "n|n,c", "lower": "", "lstrip": "|s", "partition": "s", "removeprefix": "s", "removesuffix": "s",
    "replace": "s,s|s,s,i", "rfind": "s", "rindex": "s", "rjust": "n|n,c", "rpartition": "s", "rsplit": "|s|s,i|None,i",
    "rstrip": "|s", "split": "|s|s,i|None,i", "splitlines": "|b", "startswith": "s|t|s,i", "strip": "|s", "swapcase": "",
    "title": "", "upper": "", "zfill": "n", "encode": "|u", "__len__": "", "__contains__": "s", "__add__": "s",
    "translate": "m", "format": "a,a|a", "__eq__": "s", "__mod__": "a",
}  # fmt: skip
BYTES_METHODS = ["decode()", "hex()", "upper()", "split()", "startswith(b'a')", "replace(b'a', b'zz')", "strip()", "find(b'b')",
                 "rjust(5)", "count(b'a')", "title()", "isalpha()", "join([b'x', b'y'])", "partition(b'b')"]  # fmt: skip
PATTERNS = [r"\d+", r"(a)(b)?", r"[a-c]+", r"(?P<w>\w+)", r"\s", r"^a", r"X", r"(?i)HELLO", r"[^a-z]", r"b*"]
TIMES = ["%Y-%m-%d", "%H:%M:%S", "%j %a %b", "%d/%m/%y %p %I", "%Y%m%dT%H%M%S%z", "%f", "%A %B", "%U %w", "%%", "%-d"]


class Expressions:
    """Makes expressions over the names that are there. RANDOM decides everything."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.names: dict[str, list[str]] = {}
        self.fresh = 0

    def new(self, kind: str = "") -> str:
        """A name that is not there yet; of KIND it can be used from now on."""
        self.fresh += 1
        name = f"v{self.fresh}"
        if kind:
            self.names.setdefault(kind, []).append(name)
        return name

    def pick(self, *choices: str | Callable[[], str]) -> str:
        """One of CHOICES, made if it is to be made."""
        found = self.chance.choice(choices)
        return found if isinstance(found, str) else found()

    def of(self, kind: str, depth: int = 2) -> str:
        """An expression of KIND, DEPTH levels deep."""
        names = self.names.get(kind, ())
        if names and self.chance.random() < 0.35:
            return self.chance.choice(names[-8:])
        if self.chance.random() < 0.04 and depth > 0:
            return f"({self.of(kind, depth - 1)} if {self.of('bool', depth - 1)} else {self.of(kind, depth - 1)})"
        if self.chance.random() < 0.02 and depth > 0:
            return f"({self.new()} := {self.of(kind, depth - 1)})"
        found: str = getattr(self, f"_{kind}")(depth)
        return found

    def any(self, depth: int = 1) -> str:
        """Of any kind."""
        kinds = (
            "int",
            "int",
            "str",
            "str",
            "float",
            "bool",
            "list",
            "dict",
            "tuple",
            "set",
            "bytes",
            "none",
            "date",
            "strings",
        )
        return self.of(self.chance.choice(kinds), depth)

    def small(self) -> str:
        """A small number."""
        return str(self.chance.randint(-3, 6))

    def _none(self, depth: int) -> str:
        return self.pick("None", "...", "NotImplemented")

    def _int(self, d: int) -> str:
        if d <= 0:
            return self.chance.choice(INTS)
        i, s, li, sm = (
            (lambda: self.of("int", d - 1)),
            (lambda: self.of("str", d - 1)),
            (lambda: self.of("list", d - 1)),
            self.small,
        )
        return self.pick(
            lambda: f"({i()} {self.pick('+', '-', '*', '//', '%', '&', '|', '^')} {i()})", lambda: f"({i()} {self.pick('+', '-', '*', '//', '%')} {i()})",
            lambda: f"({sm()}) ** {self.pick('2', '3', '0')}", lambda: f"({i()} {self.pick('<<', '>>')} {self.pick('1', '3', '0')})",
            lambda: f"{self.pick('-', '~', '+')}({i()})", lambda: f"len({self.pick(s, li, lambda: self.of('dict', d - 1), lambda: self.of('set', d - 1))})",
            lambda: f"int({self.pick(lambda: repr(sm()), lambda: self.of('float', 0), i, s)})", lambda: f"sum({li()})", lambda: f"sum({li()}, {i()})",
            lambda: f"{self.pick('min', 'max')}({i()}, {i()}, {i()})", lambda: f"{self.pick('min', 'max')}({li()}, default={i()})",
            lambda: f"{li()}.{self.pick('count', 'index')}({i()})", lambda: f"{s()}.{self.pick('find', 'count', 'rfind')}({s()})",
            lambda: f"abs({i()})", lambda: f"round({self.of('float', d - 1)})", lambda: f"round({i()}, -1)", lambda: f"ord({s()}[:1])",
            lambda: f"({li()})[{sm()}]", lambda: f"{self.of('dict', d - 1)}.get({self.pick(*KEYS)}, {i()})", lambda: f"{self.of('dict', d - 1)}[{self.pick(*KEYS)}]",
            lambda: f"divmod({i()}, {i()})[{self.pick('0', '1')}]", lambda: f"int({self.pick(repr('0x1f'), repr('12'), repr(' 101 '))}, {self.pick('16', '0', '2', '10')})",
            lambda: f"({i()}).bit_length()", lambda: f"functools.reduce(lambda p, q: p {self.pick('+', '*', '-')} q, {li()}, {i()})",
            lambda: f"next(iter({li()}), {i()})", lambda: f"operator.{self.pick('add', 'sub', 'mul', 'mod', 'floordiv', 'and_', 'xor')}({i()}, {i()})",
            lambda: f"math.{self.pick('gcd', 'lcm')}({i()}, {i()})", lambda: f"math.{self.pick('floor', 'ceil', 'trunc')}({self.of('float', d - 1)})",
            lambda: f"pow({sm()}, {self.pick('2', '5')}, 7)", lambda: f"(lambda p, q=3, *r, k={i()}: p + q + len(r) + k)({i()}, {i()}, {i()})",
            lambda: f"hash({i()})", lambda: f"({self.of('bool', d - 1)} + {i()})", lambda: f"({i()} or {i()})", lambda: f"({i()} and {i()})",
            lambda: f"int.from_bytes({self.of('bytes', 0)}, 'big')", lambda: f"sum(p * 2 for p in {li()} if p {self.pick('>', '<', '!=')} {i()})",
            lambda: f"{self.of('date', 0)}.{self.pick('year', 'day', 'weekday()', 'isoweekday()', 'toordinal()', 'month')}", lambda: f"len({self.of('str', d - 1)}.split())",
            lambda: f"({i()}).{self.pick('real', 'numerator', 'denominator', 'imag', 'conjugate()', 'bit_count()')}", lambda: f"bisect.bisect(sorted({li()}), {i()})",
        )  # fmt: skip

    def _float(self, d: int) -> str:
        if d <= 0:
            return self.chance.choice(FLOATS)
        f, i = (lambda: self.of("float", d - 1)), (lambda: self.of("int", d - 1))
        return self.pick(
            lambda: f"({f()} {self.pick('+', '-', '*', '/', '//', '%')} {self.pick(f, i)})", lambda: f"({i()} / {i()})", lambda: f"float({i()})",
            lambda: f"round({f()}, {self.small()})", lambda: f"-{f()}", lambda: f"abs({f()})", lambda: f"sum([{f()}, {f()}])", lambda: f"{f()} ** {self.small()}",
            lambda: f"math.{self.pick('sqrt', 'fabs', 'exp', 'log')}(abs({f()}))", lambda: f"float({self.pick(*WORDS)})", lambda: f"max({f()}, {i()})",
            lambda: f"math.{self.pick('pow', 'fmod', 'hypot', 'copysign')}({f()}, {f()})", lambda: f"divmod({f()}, {f()})[0]",
            lambda: f"datetime.timedelta({i()}, hours={f()}).total_seconds()", lambda: f"math.fsum([{f()}, {f()}])", lambda: f"statistics.mean([{i()}, {i()}])",
        )  # fmt: skip

    def _bool(self, d: int) -> str:
        if d <= 0:
            return self.pick("True", "False")
        i, s, li, se = (
            (lambda: self.of("int", d - 1)),
            (lambda: self.of("str", d - 1)),
            (lambda: self.of("list", d - 1)),
            (lambda: self.of("set", d - 1)),
        )
        sign = lambda: self.pick("<", "<=", ">", ">=", "==", "!=")  # noqa: E731
        return self.pick(
            lambda: f"({i()} {sign()} {i()})", lambda: f"({i()} {sign()} {i()} {sign()} {i()})", lambda: f"({s()} {sign()} {s()})", lambda: f"({li()} {sign()} {li()})",
            lambda: f"({s()} {self.pick('in', 'not in')} {s()})", lambda: f"({i()} {self.pick('in', 'not in')} {self.pick(li, se)})", lambda: f"({self.pick(*KEYS)} in {self.of('dict', d - 1)})",
            lambda: f"(not {self.any(d - 1)})", lambda: f"bool({self.any(d - 1)})", lambda: f"isinstance({self.any(d - 1)}, {self.pick('int', 'str', '(int, float)', 'list', 'dict', 'bool', 'object', 'tuple', 'set', 'bytes', 'int | str')})",
            lambda: f"{self.pick('any', 'all')}({li()})", lambda: f"{self.pick('any', 'all')}(p {sign()} {i()} for p in {li()})", lambda: f"({self.any(0)} {self.pick('is', 'is not')} None)",
            lambda: f"{s()}.{self.pick('isdigit', 'isalpha', 'isupper', 'islower', 'istitle', 'isspace', 'isidentifier')}()", lambda: f"{s()}.{self.pick('startswith', 'endswith')}({s()})",
            lambda: f"({se()} {self.pick('<', '<=', '==', '>', '>=', '!=')} {se()})", lambda: f"{se()}.{self.pick('issubset', 'issuperset', 'isdisjoint')}({self.pick(li, se)})",
            lambda: f"({self.of('dict', d - 1)} == {self.of('dict', d - 1)})", lambda: f"callable({self.pick('len', '3', 'str', 'lambda: 1')})", lambda: f"hasattr({self.any(0)}, {self.pick(repr('upper'), repr('append'), repr('real'), repr('nope'))})",
            lambda: f"bool(re.{self.pick('match', 'search', 'fullmatch')}({self.chance.choice(PATTERNS)!r}, {s()}))", lambda: f"({self.of('tuple', d - 1)} {sign()} {self.of('tuple', d - 1)})",
            lambda: f"issubclass({self.pick('bool', 'int', 'str')}, {self.pick('int', 'object', '(str, int)')})", lambda: f"({self.of('date', 0)} {sign()} {self.of('date', 0)})", lambda: f"({self.any(0)} == {self.any(0)})",
            lambda: f"(type({self.any(0)}) is {self.pick('int', 'str', 'list', 'bool')})", lambda: f"math.{self.pick('isnan', 'isinf', 'isfinite')}({self.of('float', 0)})", lambda: f"({self.any(0)} != {self.any(0)})",
        )  # fmt: skip

    def _method(self, d: int) -> str:
        name = self.chance.choice(list(STRING_METHODS))
        shape = self.chance.choice(STRING_METHODS[name].split("|"))
        made = {
            "s": lambda: self.of("str", 0), "i": self.small, "n": lambda: str(self.chance.randint(0, 14)), "c": lambda: self.pick("'*'", "'é'", "' '", "'ab'"), "t": lambda: f"({self.of('str', 0)}, 'a')",
            "l": lambda: self.of("strings", d), "b": lambda: self.of("bool", 0), "u": lambda: self.pick("'utf-8'", "'latin-1', 'replace'", "'ascii', 'ignore'"), "None": lambda: "None", "a": lambda: self.any(0),
            "m": lambda: f"str.maketrans({self.pick(repr('ab') + ', ' + repr('xy'), '{97: None}', repr('a') + ',' + repr('b') + ',' + repr('c'))})", "": str,
        }  # fmt: skip
        return f"{name}({', '.join(made[part]() for part in shape.split(',') if part)})"

    def _str(self, d: int) -> str:
        if d <= 0:
            return self.chance.choice(WORDS)
        i, s, x = (lambda: self.of("int", d - 1)), (lambda: self.of("str", d - 1)), (lambda: self.any(d - 1))
        spec = lambda: self.chance.choice(SPECS)  # noqa: E731
        return self.pick(
            lambda: f"({s()} + {s()})", lambda: f"({s()} * {self.small()})", lambda: f"{s()}[{self._slice()}]", lambda: f"{s()}[{self.small()}]", lambda: f"({s()}).{self._method(d - 1)}", lambda: f"({s()}).{self._method(d - 1)}", lambda: f"({s()}).{self._method(d - 1)}",
            lambda: f"str({x()})", lambda: f"repr({x()})", lambda: f"ascii({x()})", lambda: f"chr(abs({i()}) % 500)", lambda: f"{self.pick('hex', 'oct', 'bin')}({i()})", lambda: f"{self.pick(*WORDS)}.join({self.of('strings', d - 1)})",
            lambda: f"f'{{{self._inner(d - 1)}:{spec()}}}'", lambda: f"f'<{{{self._inner(d - 1)}}}|{{{self._inner(d - 1)}!{self.pick('r', 's', 'a')}}}>'", lambda: f"f'{{{self._inner(d - 1)}!r:>{{8 + 1}}}}{{{{}}}}'", lambda: f"f'{{{self._inner(0)} = }}'", lambda: f"f'{{{self._inner(0)}=!s:>5}}\\n\\x41{{1}}\\u00e9'", lambda: f"rf'\\d{{{self._inner(0)}}}\\n'",
            lambda: f"format({self.pick(i, s, lambda: self.of('float', d - 1), lambda: self.of('date', 0))}, {spec()!r})", lambda: f"{self._percent(d)}", lambda: f"'{{}}-{{}}'.format({x()}, {x()})", lambda: f"'{{0!r:>6}}|{{k[1]}}|{{k}}'.format({s()}, k={self.of('list', d - 1)})", lambda: f"'{{:{spec()}}}'.format({self.pick(i, s, lambda: self.of('float', 0))})",
            lambda: f"type({x()}).__name__", lambda: f"textwrap.{self.pick('dedent', 'shorten', 'fill', 'indent')}({s()}{self.pick(', 10', '', ', ' + repr('> '))})", lambda: f"string.Template({self.pick(repr('hi $who ${x} $$'), repr('$a-$b'), s)}).{self.pick('safe_substitute', 'substitute')}(who={x()}, a={i()}{self.pick(', b=2', '')})",
            lambda: f"json.dumps({x()}{self.pick('', ', indent=2', ', sort_keys=True', ', separators=(' + repr(',') + ',' + repr(':') + ')', ', ensure_ascii=False', ', default=str', ', indent=' + repr('-'), ', skipkeys=True', ', allow_nan=False')})", lambda: f"re.sub({self.chance.choice(PATTERNS)!r}, {self.pick(repr('<' + chr(92) + 'g<0>>'), repr('-'), 'lambda m: m.group(0) * 2')}, {s()}{self.pick('', ', count=1', ', flags=re.I')})",
            lambda: f"{self.of('date', 0)}.strftime({self.chance.choice(TIMES)!r})", lambda: f"{self.of('date', 0)}.isoformat({self.pick('', repr(' '), 'timespec=' + repr('minutes'))})", lambda: f"str({self.of('date', 1)} - {self.of('date', 0)})", lambda: f"({s()} or {s()})", lambda: f"string.capwords({s()})", lambda: f"hashlib.{self.pick('md5', 'sha256', 'sha1')}({s()}.encode()).hexdigest()[:8]",
            lambda: f"base64.b64encode({s()}.encode()).decode()", lambda: f"urllib.parse.{self.pick('quote', 'quote_plus', 'unquote')}({s()})", lambda: f"max({self.of('strings', d - 1)}, key=len, default='')", lambda: f"min({self.of('strings', d - 1)}, default={s()})", lambda: f"str(pathlib.PurePosixPath('/a') / {s()})", lambda: f"os.path.{self.pick('basename', 'dirname', 'normpath')}({s()})", lambda: f"os.path.join('/x', {s()})",
            lambda: f"pathlib.PurePosixPath('/a/b.tar.gz').{self.pick('name', 'stem', 'suffix', 'parent.name', 'with_suffix(' + repr('.x') + ').name', 'as_posix()', 'suffixes[0]', 'parts[1]')}", lambda: f"html.escape({s()})", lambda: f"bytes({s()}, 'utf8').hex()", lambda: f"str({s()}.encode(), 'utf8', 'replace')", lambda: f"'%s' % ({x()},)",
        )  # fmt: skip

    def _inner(self, d: int) -> str:
        """What may stand in an f-string of single quotes: before Python 3.12 no such quote and no backslash."""
        for _ in range(8):
            found = self.pick(
                lambda: self.of("int", d),
                lambda: self.of("float", d),
                lambda: self.of("list", d),
                lambda: self.of("bool", d),
                lambda: self.of("dict", d),
                lambda: self.of("tuple", d),
            )
            if not set("'\"\\\n:!=") & set(found):
                return f"({found})" if "{" in found else found
        return self.chance.choice(["1", "2.5", "(1, 2)", "None"])

    def _percent(self, d: int) -> str:
        spec = self.chance.choice(PERCENTS)
        if "(" in spec:
            return f"'{spec}' % {self.of('dict', d - 1)}"
        if "*" in spec:
            return f"'{spec}' % ({self.small()}, {self.of('int', 0)})"
        values = self.pick(
            lambda: f"({self.any(0)}, {self.any(d - 1)})", lambda: f"({self.of('int', 0)},)", lambda: self.any(0)
        )
        return f"'{spec} {self.pick('', '%s')}' % {values}"

    def _slice(self) -> str:
        return self.pick(
            ":",
            "::-1",
            "1:",
            ":-1",
            "::2",
            lambda: f"{self.small()}:{self.small()}",
            lambda: f"{self.small()}:{self.small()}:{self.pick('1', '-1', '2', '-2')}",
            "-3:",
        )

    def _bytes(self, d: int) -> str:
        if d <= 0:
            return self.pick("b''", "b'ab'", "b'\\x00\\xff'", "b'A b'", "rb'\\d'")
        return self.pick(lambda: f"({self.of('bytes', 0)} + {self.of('bytes', 0)})", lambda: f"{self.of('str', d - 1)}.encode()", lambda: f"{self.of('bytes', 0)}.{self.chance.choice(BYTES_METHODS)}", lambda: f"bytes({self.pick('[1, 2, 65]', '3', '(300,)')})", lambda: f"{self.of('bytes', 0)}[{self._slice()}]", lambda: f"b'%d-%s' % ({self.of('int', 0)}, b'x')", lambda: f"{self.of('bytes', 0)} * 2", lambda: "bytes.fromhex('00ff')", lambda: f"({self.of('int', 0)}).to_bytes(9, 'big')")  # fmt: skip

    def _strings(self, d: int) -> str:
        s = lambda: self.of("str", max(d - 1, 0))  # noqa: E731
        if d <= 0:
            return self.pick("[]", "['a', 'b']", "['x', 'Yy', '']", "('p', 'q')")
        return self.pick(lambda: f"[{s()}, {s()}]", lambda: f"{s()}.split({self.pick('', repr(','), repr('-'))})", lambda: f"[str(p) for p in {self.of('list', d - 1)}]", lambda: f"list({s()})", lambda: f"sorted({self.of('strings', d - 1)})", lambda: f"re.{self.pick('findall', 'split')}({self.chance.choice(PATTERNS)!r}, {s()})", lambda: f"{s()}.splitlines()", lambda: f"[p.upper() for p in {self.of('strings', d - 1)} if p]", lambda: f"list({self.of('dict', d - 1)})", lambda: f"list(map(str, {self.of('list', d - 1)}))", lambda: f"textwrap.wrap({s()}, 4)", lambda: f"sorted({self.of('dict', d - 1)}.keys(), reverse=True)", lambda: f"list({s()}.partition('-'))", lambda: f"list(filter(None, {self.of('strings', d - 1)}))")  # fmt: skip

    def _list(self, d: int) -> str:
        i = lambda: self.of("int", max(d - 1, 0))  # noqa: E731
        if d <= 0:
            return self.pick("[]", "[1, 2, 3]", "[3, -1, 2, 2]", "[0]", "list(range(5))")
        li = lambda: self.of("list", d - 1)  # noqa: E731
        return self.pick(
            lambda: f"[{i()}, {i()}, {i()}]", lambda: f"({li()} + {li()})", lambda: f"{li()} * {self.pick('0', '2', '-1')}", lambda: f"{li()}[{self._slice()}]", lambda: f"sorted({li()}{self.pick('', ', reverse=True', ', key=lambda p: -p', ', key=abs', ', key=lambda p: (p % 2, p)')})",
            lambda: f"[p {self.pick('+', '*', '-')} {i()} for p in {li()}{self.pick('', ' if p', ' if p % 2')}]", lambda: f"[p * q for p in {li()} for q in {li()} if p != q]", lambda: f"list(range({self.small()}, {self.small()}{self.pick('', ', -1', ', 2')}))", lambda: f"[*{li()}, {i()}, *{li()}]",
            lambda: f"list(reversed({li()}))", lambda: f"list(map(lambda p: p + 1, {li()}))", lambda: f"list(map(operator.add, {li()}, {li()}))", lambda: f"list(filter(lambda p: p > 0, {li()}))", lambda: f"list(itertools.chain({li()}, {li()}))", lambda: f"list(itertools.accumulate({li()}{self.pick('', ', operator.mul', ', initial=3')}))",
            lambda: f"list(itertools.islice({self.pick(lambda: li(), 'itertools.count(2, 3)', 'itertools.cycle([1, 2])', 'itertools.repeat(7)')}, {self.pick('3', '1, 5', '0, 6, 2')}))", lambda: f"list(itertools.{self.pick('takewhile', 'dropwhile', 'filterfalse')}(lambda p: p < {i()}, {li()}))", lambda: f"list(collections.deque({li()}, maxlen={self.pick('None', '2', '0')}))", lambda: f"list({self.of('dict', d - 1)}.values())",
            lambda: f"[len(p) for p in {self.of('strings', d - 1)}]", lambda: f"{li()}.copy()", lambda: f"list(itertools.compress({li()}, [1, 0, 1]))", lambda: f"copy.{self.pick('copy', 'deepcopy')}({li()})", lambda: f"heapq.nsmallest(2, {li()})", lambda: f"sorted({self.of('set', d - 1)})", lambda: f"list(dict.fromkeys({li()}))", lambda: f"sorted(list({self.of('set', d - 1)}), key=str)", lambda: f"[x for p in [{li()}, {li()}] for x in p]", lambda: f"list(itertools.starmap(pow, [(2, 3), ({self.small()}, 2)]))", lambda: f"sum([{li()}, {li()}], [])",
        )  # fmt: skip

    def _tuple(self, d: int) -> str:
        x = lambda: self.any(max(d - 1, 0))  # noqa: E731
        return self.pick(lambda: f"({x()},)", lambda: f"({x()}, {x()})", "()", lambda: f"tuple({self.of('list', max(d - 1, 0))})", lambda: f"divmod({self.of('int', 0)}, 3)", lambda: f"({x()}, *{self.of('list', max(d - 1, 0))})", lambda: f"tuple(p for p in {self.of('strings', max(d - 1, 0))})", lambda: f"tuple(zip({self.of('list', max(d - 1, 0))}, {self.of('strings', max(d - 1, 0))}))", lambda: f"tuple(enumerate({self.of('strings', max(d - 1, 0))}{self.pick('', ', 1', ', start=5')}))", lambda: f"({x()}, {x()})[{self._slice()}]", lambda: f"{self.of('str', 0)}.partition('-')", lambda: f"tuple(itertools.{self.pick('product', 'zip_longest')}({self.of('list', 0)}, {self.of('strings', 0)}))", lambda: f"tuple(itertools.{self.pick('combinations', 'permutations', 'combinations_with_replacement')}({self.of('list', 0)}, 2))", lambda: f"tuple((k, list(g)) for k, g in itertools.groupby({self.of('list', 0)}, key=lambda p: p > 1))", lambda: f"tuple(itertools.pairwise({self.of('list', 0)}))", lambda: f"tuple({self.of('dict', 0)}.items())", lambda: f"({x()}, {x()}) + ({x()},)", lambda: "float(2.5).as_integer_ratio()")  # fmt: skip

    def _dict(self, d: int) -> str:
        i = lambda: self.of("int", max(d - 1, 0))  # noqa: E731
        if d <= 0:
            return self.pick("{}", "{'a': 1, 'b': 2}", "{'k1': 3}", "dict(b=5, a=4)")
        di, li, ss = (
            (lambda: self.of("dict", d - 1)),
            (lambda: self.of("list", d - 1)),
            (lambda: self.of("strings", d - 1)),
        )
        return self.pick(lambda: f"{{{self.pick(*KEYS)}: {i()}, {self.pick(*KEYS)}: {i()}}}", lambda: f"{{**{di()}, {self.pick(*KEYS)}: {i()}, **{di()}}}", lambda: f"({di()} | {di()})", lambda: f"dict(zip({ss()}, {li()}))", lambda: f"dict.fromkeys({ss()}, {i()})", lambda: f"collections.Counter({ss()})", lambda: f"{{p: len(p) for p in {ss()}}}", lambda: f"dict({di()}, a={i()})", lambda: f"collections.OrderedDict({di()})", lambda: f"{{k: v + 1 for k, v in {di()}.items()}}", lambda: f"dict(sorted({di()}.items(), key=lambda kv: kv[1]))", lambda: f"json.loads(json.dumps({di()}))", lambda: f"{di()}.copy()", lambda: f"dict(collections.ChainMap({di()}, {di()}))", lambda: f"collections.defaultdict(int, {di()})", lambda: f"copy.deepcopy({di()})", lambda: f"(collections.Counter({ss()}) {self.pick('+', '-', '&', '|')} collections.Counter({ss()}))", lambda: f"dict([('a', {i()}), ['b', {i()}]])", lambda: f"dict(collections.Counter({ss()}).most_common({self.pick('1', '2', '')}))")  # fmt: skip

    def _set(self, d: int) -> str:
        if d <= 0:
            return self.pick("set()", "{1, 2, 3}", "{'a', 'b', 'cd'}", "frozenset({3, 4})", "{0}")
        se, li = (lambda: self.of("set", d - 1)), (lambda: self.of("list", d - 1))
        return self.pick(lambda: f"{{{self.of('int', d - 1)}, {self.of('int', 0)}}}", lambda: f"({se()} {self.pick('&', '|', '-', '^')} {se()})", lambda: f"set({li()})", lambda: f"{se()}.{self.pick('union', 'intersection', 'difference', 'symmetric_difference')}({self.pick(li, se)})", lambda: f"frozenset({li()})", lambda: f"{{p % 3 for p in {li()}}}", lambda: f"set({self.of('strings', d - 1)})", lambda: f"({self.of('dict', d - 1)}.keys() {self.pick('&', '|', '-')} {self.of('dict', d - 1)}.keys())", lambda: f"set({self.of('str', d - 1)})")  # fmt: skip

    def _date(self, d: int) -> str:
        if d <= 0:
            return self.pick(
                "datetime.datetime(2024, 2, 29, 13, 5, 6)",
                "datetime.datetime(2023, 12, 31, tzinfo=datetime.timezone.utc)",
                "datetime.date(2024, 1, 1)",
                "datetime.datetime(2020, 7, 4, 0, 0, 0, 123)",
                "datetime.datetime.fromisoformat('2021-03-04T05:06:07')",
            )
        return self.pick(lambda: f"({self.of('date', 0)} {self.pick('+', '-')} datetime.timedelta({self.pick('days', 'hours', 'minutes', 'weeks', 'seconds')}={self.of('int', 0)}))", lambda: f"{self.of('date', 0)}.replace({self.pick('day=5', 'month=3', 'year=2001', 'hour=1')})", lambda: "datetime.datetime.strptime('2022-05-06', '%Y-%m-%d')", lambda: f"{self.of('date', 0)}.{self.pick('date()', 'time()', 'timetuple()', 'utcoffset()', 'tzinfo', 'isocalendar()')}", lambda: f"datetime.timedelta({self.small()}, {self.small()}) * {self.small()}", lambda: f"datetime.datetime.combine(datetime.date(2024, 5, 6), datetime.time({self.pick('1', '23')}, 30))", lambda: f"datetime.timedelta(days={self.small()}, seconds={self.of('float', 0)})", lambda: f"({self.of('date', 0)} - {self.of('date', 0)})", lambda: f"datetime.timedelta(hours=7) {self.pick('//', '/', '%')} datetime.timedelta(hours=2)", lambda: "datetime.datetime.min.time()")  # fmt: skip
