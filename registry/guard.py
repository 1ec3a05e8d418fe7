"""Which SPARQL may be run: a query that reads this graph and nothing else, by its tokens.

The text is cut into the tokens of the grammar (SPARQL 1.2, section 19.8), so that a keyword is told
from the same letters in a literal, an IRI, a comment, a variable or a name with a prefix.  Oxigraph
reads without tokens: to it `truea` is two words, and `SERVICE:x` a call where `SERVICE:` is no prefix.
So whatever could be cut in two ways is refused, harmless or not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches

from registry.errors import QueryRefused
from registry.namespaces import PREFIXES

FORMS = frozenset({"SELECT", "ASK", "CONSTRUCT", "DESCRIBE"})
PROLOGUE = {"BASE": 1, "VERSION": 1, "PREFIX": 2}
"""Declarations before the query, and how many tokens each takes."""

WORDS = FORMS | PROLOGUE.keys() | frozenset(
    "DISTINCT REDUCED AS WHERE GROUP BY HAVING ORDER ASC DESC LIMIT OFFSET VALUES UNDEF OPTIONAL GRAPH UNION MINUS "  # noqa: SIM905
    "LATERAL BIND FILTER EXISTS NOT IN TRUE FALSE SEPARATOR COUNT SUM MIN MAX AVG SAMPLE GROUP_CONCAT STR LANG "
    "LANGMATCHES LANGDIR DATATYPE BOUND IRI URI BNODE RAND ABS CEIL FLOOR ROUND CONCAT STRLEN UCASE LCASE "
    "ENCODE_FOR_URI CONTAINS STRSTARTS STRENDS STRBEFORE STRAFTER YEAR MONTH DAY HOURS MINUTES SECONDS TIMEZONE TZ "
    "NOW UUID STRUUID MD5 SHA1 SHA256 SHA384 SHA512 COALESCE IF STRLANG STRLANGDIR STRDT SAMETERM ISIRI ISURI "
    "ISBLANK ISLITERAL ISNUMERIC HASLANG HASLANGDIR REGEX SUBSTR REPLACE ISTRIPLE TRIPLE SUBJECT PREDICATE OBJECT "
    "ADJUST".split()
)  # fmt: skip
"""All words of a query that reads, in capitals; only `a` is not read in any case."""

REFUSED = {
    "SERVICE": "SERVICE would send the query elsewhere; only this graph can be asked",
    "FROM": "FROM would read another place; GRAPH ?file { ... } tells the file of a triple",
} | {
    verb: f"{verb} would change the graph; the graph is changed by its files only"
    for verb in ("INSERT", "DELETE", "LOAD", "CLEAR", "DROP", "CREATE", "ADD", "MOVE", "COPY", "WITH")
}
GLUED = ("SERVICE", "SILENT", "FROM", "NAMED", "FILTER")
"""Keywords that an IRI may follow and that matter here."""

_START = (
    r"A-Za-z_0-9\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c\u200d\u2070-\u218f"
    r"\u2c00-\u2fef\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\U00010000-\U000effff"
)
_LATER = rf"{_START}\u00b7\u0300-\u036f\u203f\u2040"
_ESCAPED = r"\\u[0-9A-Fa-f]{4}|\\U[0-9A-Fa-f]{8}"
_PERCENT = r"%[0-9A-Fa-f]{2}|\\[_~.\-!$&'()*+,;=/?\#@%]"
_DOTTED = rf"(?:\.*[{_LATER}\-])*+"
_BEFORE_IRI = {
    "blank": r"[ \t\r\n]++|\#[^\r\n]*+",
    "string": r'"""(?:"{0,2}(?:[^"\\]|\\.))*+"""'
    r"|'''(?:'{0,2}(?:[^'\\]|\\.))*+'''"
    r'|(?!""")"(?:[^"\\\r\n]|\\.)*+"'
    r"|(?!''')'(?:[^'\\\r\n]|\\.)*+'",
    "variable": rf"[?$][{_START}][{_LATER}]*+",
    "node": rf"_:[{_START}]{_DOTTED}",
    # Bounded: what may be a prefix is read again from each of its dots.
    "name": rf"(?:(?![0-9_])[{_START}](?:\.*[{_LATER}\-]){{0,200}}+)?:"
    rf"(?:(?:[{_START}:]|{_PERCENT})(?:\.*(?:[{_LATER}:\-]|{_PERCENT}))*+)?",
    "language": r"@[A-Za-z]++(?:-[A-Za-z0-9]++)*+(?:--[a-z]++)?",
    "number": r"(?:[0-9]++\.?[0-9]*+|\.[0-9]++)(?:[eE][+-]?[0-9]++)?",
    "word": rf"(?![0-9])[{_START}]++",
}
_IRI = {"iri": rf"<(?:[^\x00-\x20<>\"{{}}|^`\\]|{_ESCAPED})*+>"}
_SIGNS = r"\)>>|[{}()\[\]>=!&|+\-*/^.,;?~]"
_ENDS = frozenset({"string", "variable", "name", "language", "number", "iri"})


def _compiled(kinds: dict[str, str]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?P<{kind}>{pattern})" for kind, pattern in kinds.items()), re.DOTALL)


_TERM_NEXT = _compiled(_BEFORE_IRI | _IRI | {"sign": rf"<<\(?|{_SIGNS}"})
_OPERATOR_NEXT = _compiled(_BEFORE_IRI | {"sign": rf"<|{_SIGNS}"})


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a query and where it stands; blank space and comments are none."""

    kind: str
    text: str
    start: int

    @property
    def keyword(self) -> str:
        """The word in capitals, or ""."""
        return self.text.upper() if self.kind == "word" else ""

    @property
    def ends_operand(self) -> bool:
        """Whether an operator may follow within an expression."""
        return self.kind in _ENDS or self.text in (")", ")>>", "}") or self.keyword in ("TRUE", "FALSE")


def refuse_unsafe(query: str) -> None:
    """Raises QueryRefused for an update, for anything that reaches outside the graph and for what is no query."""
    if broken := re.search("[\ud800-\udfff]", query):
        raise _refusal(query, broken.start(), "this is half a character, not text")
    tokens = list(_tokens(query))
    prefixes, begin = _prologue(tokens)
    verb = tokens[begin] if begin < len(tokens) else Token("word", "", len(query))
    if verb.keyword not in FORMS and verb.keyword not in REFUSED:
        reason = f"it begins with {verb.text!r}, not with one of {', '.join(sorted(FORMS))}"
        raise _refusal(query, verb.start, reason)
    for token in tokens[begin:]:
        if token.kind == "word":
            _refuse_word(query, token)
        elif token.kind == "name":
            _refuse_name(query, token, prefixes)


def _refuse_word(query: str, token: Token) -> None:
    if token.keyword in REFUSED:
        place = _place(query, token.start)
        raise QueryRefused(f"{_words(place)}: {REFUSED[token.keyword]}", place)
    if token.keyword not in WORDS and token.text != "a":
        raise _refusal(query, token.start, f"SPARQL has no word {token.text!r}{_guess(token.keyword, WORDS)}")


def _refuse_name(query: str, token: Token, prefixes: frozenset[str]) -> None:
    prefix = token.text.partition(":")[0]
    if prefix not in prefixes:
        raise _refusal(query, token.start, f"there is no prefix {prefix + ':'!r}{_guess(prefix, prefixes)}")
    for cut in range(1, len(prefix) + 1):
        if prefix[:cut].upper().endswith(GLUED) and prefix[cut:] in prefixes:
            glued = f"{prefix[:cut]} {token.text[cut:]}"
            raise _refusal(query, token.start, f"{token.text!r} may be read as {glued!r}; rename the prefix")


def _tokens(text: str) -> Iterator[Token]:
    """The tokens in order; `<` compares where an operand of an expression has ended, else it opens an IRI."""
    # One of "header" (also what follows a WHERE clause), "pattern", "expression", "terms" for each open bracket.
    open_ = ["header"]
    before = last = Token("", "", 0)
    position = 0
    while position < len(text):
        pattern = _OPERATOR_NEXT if open_[-1] == "expression" and last.ends_operand else _TERM_NEXT
        match = pattern.match(text, position)
        if match is None or match.lastgroup is None:
            raise _refusal(text, position, _unreadable(text[position]))
        position = match.end()
        if match.lastgroup == "blank":
            continue
        token = Token(match.lastgroup, match.group(), match.start())
        yield token
        if token.text == "(":
            calls = open_[-1] in ("header", "expression") or (open_[-1] == "pattern" and _calls(before, last))
            open_.append("expression" if calls else "terms")
        elif token.text == "<<(":
            open_.append("terms")
        elif token.text in ("{", "["):
            open_.append("pattern")
        elif token.text in (")", ")>>", "}", "]") and len(open_) > 1:
            open_.pop()
        elif token.keyword == "SELECT" and last.text == "{":
            open_[-1] = "header"
        before, last = last, token


def _calls(before: Token, last: Token) -> bool:
    """Whether a bracket in a pattern holds an expression: FILTER(, BIND(, FILTER ex:function(, but not `a (1 2)`."""
    if last.kind == "word":
        return last.text != "a"
    return last.kind in ("iri", "name") and before.keyword == "FILTER"


def _prologue(tokens: list[Token]) -> tuple[frozenset[str], int]:
    """The prefixes that are known, and the index of the first token of the query proper."""
    known = set(PREFIXES)
    index = 0
    while index < len(tokens) and tokens[index].keyword in PROLOGUE:
        following = tokens[index + 1 : index + 2]
        if tokens[index].keyword == "PREFIX" and following:
            known.add(following[0].text.partition(":")[0])
        index += 1 + PROLOGUE[tokens[index].keyword]
    return frozenset(known), index


def _refusal(query: str, position: int, reason: str) -> QueryRefused:
    return not_sparql(_place(query, position), reason)


def not_sparql(place: tuple[int, int], reason: str) -> QueryRefused:
    """What to raise where a query breaks SPARQL's grammar, at that line and column."""
    return QueryRefused(f"this is not a SPARQL query: {_words(place)}: {reason}", place)


def _place(query: str, position: int) -> tuple[int, int]:
    """Line and column, from 1."""
    return query.count("\n", 0, position) + 1, position - query.rfind("\n", 0, position)


def _words(place: tuple[int, int]) -> str:
    return f"line {place[0]}, column {place[1]}"


def _guess(word: str, known: frozenset[str]) -> str:
    near = get_close_matches(word, known, n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


def _unreadable(character: str) -> str:
    if character in "\"'":
        return "the text in quotes that begins here does not end"
    if character == "<":
        return "the IRI that begins here does not end, or holds a character that no IRI has"
    return f"{character!r} means nothing here"
