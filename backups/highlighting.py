"""Colours for configurations: Pygments with lexers of our own, as it has none for network devices.

Every pattern takes time in proportion to the length of what it matches, or fails to match, however a line is made; and
what is long is shown plain. A lexer never adds, drops or changes a character.
"""

from collections.abc import Sequence

from pygments.lexer import RegexLexer, bygroups, default
from pygments.token import (
    STANDARD_TYPES,
    Comment,
    Generic,
    Keyword,
    Name,
    Number,
    Operator,
    Punctuation,
    String,
    Text,
    Whitespace,
    _TokenType,
)

from backups.sections import Outline

# Longer ones are plain: a page would take more than a second
MOST_LINES = 20_000
MOST_CHARACTERS = 1_500_000
MOST_TOKENS = 500_000
LONGEST_LINE = 2_000

# A piece of a line, and the class of its colour or an empty one
Piece = tuple[str, str]

END = r"(?=[\s;,\]})]|$)"
VALUES = [
    (r"<secret:[0-9a-f]{8}>", Generic.Emph),
    (r'"[^"\\\n]*(?:\\.[^"\\\n]*)*"?', String),
    (rf"\d{{1,3}}(?:\.\d{{1,3}}){{3}}(?:/\d{{1,2}})?{END}", Number),
    (rf"[0-9A-Fa-f]{{0,4}}(?::[0-9A-Fa-f]{{0,4}}){{2,7}}(?:/\d{{1,3}})?{END}", Number),
    (rf"[0-9A-Fa-f]{{4}}(?:\.[0-9A-Fa-f]{{4}}){{2}}{END}", Number),
    (rf"\d{{1,20}}{END}", Number),
    (rf"[A-Za-z][A-Za-z-]{{0,30}}\d{{1,6}}(?:/[A-Z\d]{{1,6}}){{1,6}}(?:[.:]\d{{1,6}}){{0,2}}{END}", Name.Variable),
    (
        rf"(?:Vlan|Loopback|[Pp]ort-[Cc]hannel|Tunnel|Bundle-Ether|nve|mgmt|[Ee]thernet|BVI)\d{{1,6}}"
        rf"(?:\.\d{{1,6}})?{END}",
        Name.Variable,
    ),
    (rf"(?:irb|lo|ae|em|fxp|st|reth|vlan)\d{{0,6}}\.\d{{1,6}}{END}", Name.Variable),
    (rf"(?:shutdown|deny|discard|reject|disable|drop){END}", Operator.Word),
]


class CliLexer(RegexLexer):  # type: ignore[misc]  # Pygments has no types
    """What Cisco's and Arista's command lines print: a command a line, `!` before remarks."""

    name = "Network CLI"
    flags = 0
    tokens = {
        "root": [
            (r"[!#][^\n]*", Comment),
            (r"[^\S\n]+|\n", Whitespace),
            (r"(no)([^\S\n]+)(shutdown)(?=\s|$)", bygroups(Operator.Word, Whitespace, Keyword), "values"),
            (r"(?:no|default|undo)(?=\s)", Operator.Word),
            (r"(?:shutdown|deny)(?=\s|$)", Operator.Word, "values"),
            (r"(description|remark|name)([^\S\n]+)([^\n]+)", bygroups(Keyword, Whitespace, String)),
            (
                rf"(?:interface|router|route-map|route-policy|vlan|vrf|line|class-map|policy-map|control-plane|"
                rf"(?:ip|ipv4|ipv6|mac) access-list|address-family|crypto|aaa|key chain|object-group|template|"
                rf"banner|prefix-set|community-set|management){END}",
                Keyword.Namespace,
                "values",
            ),
            (r"[A-Za-z][A-Za-z0-9_-]*", Keyword, "values"),
            default("values"),
        ],
        "values": [
            (r"\n", Whitespace, "#pop"),
            (r"[^\S\n]+", Whitespace),
            *VALUES,
            (r"[^\s\"]+", Text),
        ],
    }


class BraceLexer(RegexLexer):  # type: ignore[misc]  # Pygments has no types
    """What Junos and its like print: statements that end in `;` or hold others in braces, or `set` lines."""

    name = "Network braces"
    flags = 0
    tokens = {
        "root": [
            (r"#[^\n]*", Comment),
            (r"/\*", Comment, "comment"),
            (r"\s+", Whitespace),
            (r"[{};]", Punctuation),
            (r"(?:inactive|protect|delete|replace):", Operator.Word),
            (r"(description)([^\S\n]+)([^\n;\"]+)", bygroups(Keyword, Whitespace, String)),
            (r"[A-Za-z][\w-]*+(?=[^{};\"\n]*\{)", Keyword.Namespace, "values"),
            (r"[A-Za-z][\w-]*+(?=[\s;])", Keyword, "values"),
            default("values"),
        ],
        "values": [
            (r"[{};\n]", Punctuation, "#pop"),
            (r"[^\S\n]+", Whitespace),
            (r"[\[\]]", Punctuation),
            (r"#[^\n]*", Comment),
            (r"/\*", Comment, "comment"),
            *VALUES,
            (r"[^\s\"{};\[\]]+", Text),
        ],
        "comment": [
            (r"[^*]+", Comment),
            (r"\*/", Comment, "#pop"),
            (r"\*", Comment),
        ],
    }


CLI = ("ios", "nxos", "nxos_ssh", "eos", "iosxr", "iosxr_netconf", "asa", "s350", "dellos10", "procurve")
LEXERS: dict[str, type[RegexLexer]] = dict.fromkeys(CLI, CliLexer) | {"junos": BraceLexer, "vyos": BraceLexer}


def highlight(lines: Sequence[str], driver: str, outline: Outline) -> list[list[Piece]] | None:
    """The pieces of each line; None where there are no colours: the driver has no lexer, or the text is too long."""
    lexer = LEXERS.get(driver)
    if lexer is None or len(lines) > MOST_LINES or sum(map(len, lines)) > MOST_CHARACTERS:
        return None
    # A banner is prose, and what is in one line of it says nothing about the next
    plain = outline.banners | {number for number, line in enumerate(lines) if len(line) > LONGEST_LINE}
    text = "\n".join("" if number in plain else line for number, line in enumerate(lines))
    pieces: list[list[Piece]] = [[]]
    for count, (_, kind, value) in enumerate(lexer().get_tokens_unprocessed(text)):
        if count == MOST_TOKENS:
            return None
        first, *rest = value.split("\n")
        _add(pieces[-1], kind, first)
        for part in rest:
            pieces.append([])
            _add(pieces[-1], kind, part)
    for number in plain:
        pieces[number] = [("", lines[number])]
    return pieces


def _add(line: list[Piece], kind: _TokenType, text: str) -> None:
    """To the end of a line; neighbours of the same colour become one."""
    colour = "" if kind is Whitespace or kind is Text else STANDARD_TYPES[kind]
    if line and line[-1][0] == colour:
        line[-1] = colour, line[-1][1] + text
    elif text:
        line.append((colour, text))
