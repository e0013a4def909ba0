"""What looks like a secret on any platform, whatever its patterns say.

Words such as password or key with a value after them, SNMP communities, hashes, passwords in URLs. A platform's own
patterns know more (passwords with spaces in them, what is a key and what only its number); these here are for what they
miss. In doubt they take something for a secret that is none.

All of it reads lines in lower case. Each rule names the words without one of which it matches nothing: most lines hold
none of them, and are not looked at further.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from backups.blocks import Walk
from backups.pattern_process import Span, secret_spans

# How a value is written, or what it is for: such words stand between the word and its value.
_TYPE = (
    r"(?:0|[3-9]|10|14|8a|enc|encrypted|encryption-type|unencrypted|clear(?:-?text)?|plain(?:-?text)?|ascii(?:-text)?"
    r"|hex(?:adecimal)?|text|hash2?|hashed|cipher|irreversible-cipher|simple|md5|hmac-[\w-]{1,20}|cmac-[\w-]{1,20}"
    r"|sha-?\d{0,3}|scrypt|pbkdf2|bcrypt|local|remote|password6?|passphrase|secret|key|key-(?:octet-)?string|set-key"
    r"|value|is|fallback|secure|\d{1,3}(?:\.\d{1,3}){3}|(?:level|peer|for|option|type|spi|ah|devicename) \S{1,64})"
)
_TYPES = rf"(?:{_TYPE}\s+){{0,4}}"
# What may follow the word without being its value: settings about passwords, and prose
_NO_VALUE = (
    rf"(?!(?:{_TYPE}|lifetime|warntime|gracetime|encryption|encryption-key|policy|strength-check|minimum|prompt|retry"
    r"|recovery|required|requirements|protocol|format|options?|aging|history|expiry|expire|expires|change|complexity"
    r"|length|min-length|minimum-length|add|remove|file|database|authentication|key-chain|keychain|chain|config-key"
    r"|pubkey-chain|generate|zeroize|import|export|storage|rsa|address|hostname|none|null|disabled?|enabled?|rollover"
    r"|and|or|of|the|to|in|on|at|by|with|from|not|are|was|be|must|will|has|have|can|may|when|if|that|this|your|you"
    r"|never|until|after|before|per|via|as|an?)(?:[;,.]?\s|[;,.]?$)"
    r"|\d{1,5}\s+(?:md5|sha|hmac|cmac|type|size)|[\[\]{}=:]+(?:[\s;]|$)|/\*)"
)
_VALUE = rf"""{_NO_VALUE}(?P<secret>"(?:[^"\\]|\\.)*"|'[^']*'|[^\s;]\S*?(?=["']?;?(?:\s|$)))"""
_GIVEN = _TYPES + _VALUE
_SEPARATOR = r"""(?:["'\]]?\s*[:=]\s*|\s+)"""
# Alternatives begin with letters, and look back from their end: so the search is fast.
_WORD = (
    r"(?:password(?<!nopassword)|passwd|pass-?phrase|passcode|secret(?<!<secret)|psk(?<![a-z]psk)|cak(?<![a-z]cak)"
    r"|pre-?shared-?key|shared-?key|key-?(?:octet-)?string|pmk(?<![a-z]pmk)|token(?<![a-z0-9/]token)"
    r"|community-?(?:name|string)|authentication[-_]?key|auth[-_]?key|privacy[-_]?key"
    r"|encryption[-_]?key(?<!password encryption-key)|private[-_]?key|server[-_]?key|message-auth-code-key"
    r"|api[-_]?key|access[-_]?key|wpa[-_]?key|wep[-_]?key)(?:[-_](?:hash|value|string|text|data|encrypted|key|string))?"
)


class Rule(NamedTuple):
    """A pattern, and the words without one of which it matches nothing."""

    hints: tuple[str, ...]
    pattern: re.Pattern[str]


def _rule(hints: str, pattern: str) -> Rule:
    return Rule(tuple(hints.split()), re.compile(pattern))


# Secrets by their form, wherever they stand
FORMS = (
    _rule("$", r"(\$(?:\d{1,2}[a-z]?|2[abxy]|sha\d{1,3}|y|pbkdf2)\$[^\s\"';,<]{3,})"),
    _rule("://", r"://[^\s:/@]{0,128}:([^\s]{1,512})@"),
    _rule("secret-data", r"(?:^|\s)(\"[^\"]*\"|[^\s\";]+)\s*;\s*##\s*secret-data"),
)
# Secrets by the words before them. They read prose as badly as anybody, so they are kept away from banners.
WORDS = (
    _rule("passw passp pass-p passc secret key psk cak pmk token community", rf"{_WORD}{_SEPARATOR}{_GIVEN}"),
    _rule(
        "-key", rf"(?:authentication|message-digest|auth)-key\s+\d+\s+(?:type\s+)?(?:md5|sha|hmac|cmac)\S*\s+{_GIVEN}"
    ),
    _rule("pwd pass: pass= pw: pw=", rf"\b(?:pwd|pass|pw)\s*[:=]\s*{_VALUE}"),
    _rule("<", r"<[\w:.-]{0,40}(?:password|passwd|secret|phash|phrase|community|key)(?:-[\w-]{0,20})?>([^<]+)<"),
    _rule("cipher", r"\bcipher\s+(%\S+)"),
    _rule("authentication", rf"\bauthentication\s+(?:text|simple-password|simple)\s+{_GIVEN}"),
    _rule("authentication", rf"\b(?:standby|vrrp|glbp|hsrp|nhrp)\s+(?:\d+\s+)?authentication\s+{_GIVEN}"),
    _rule("text-authentication", rf"\btext-authentication\s+{_VALUE}"),
    _rule("md5", rf"\bmd5\s+\d+\s+key\s+{_GIVEN}"),
    _rule("spi", rf"\bspi\s+\d+\s+(?:md5|sha\d*)\s+{_GIVEN}"),
    _rule("esp", rf"\bspi\s+\d+\s+esp\s+(?!null\b)\S+\s+(?:\d\d\d\s+)?{_GIVEN}"),
    _rule("esp", rf"\bspi\s+\d+\s+esp\b.*\s(?:md5|sha\d*)\s+{_GIVEN}"),
    _rule("session-key", r"\bsession-key\s+(?:in|out)bound\s+\w+\s+\d+\s+(?:cipher\s+)?(?!cipher\s)(\S+)"),
    _rule("session-key", r"\bsession-key\s.*\bauthenticator\s+(\S+)"),
    _rule("hmac- ah- cmac-", rf"\b(?:hmac|ah|cmac)-[\w-]{{1,20}}\s+(?:\d\d?|8a|encrypted|clear)\s+{_VALUE}"),
    _rule("md5 sha", r"\b(?:md5|sha-?\d{0,3})\s+\"([^\"]+)\""),
    _rule("config-key", r"\bconfig-key\s+\S+\s+(\S+)"),
    _rule("mab", rf"\bmab\s+request\s+format\s+attribute\s+\d+\s+{_GIVEN}"),
    _rule("auth=key", r"auth=key,([^\s,]+)"),
)
# A key with its type, or in a line that speaks of a server or a peer; those of clocks are numbers of keys
TYPED_KEY = (
    _rule("key", rf"(?<![\w-])key\s+{_TYPE}\s+{_GIVEN}"),
    _rule("key", rf"(?<![\w-])key\s+\d+\s+size\s+\w+\s+{_GIVEN}"),
    _rule("key", r"^\s*key\s+[0-9a-f]+\s+(?:0|7|8a)\s+(\S+)"),  # MACsec: the key's name, and the key
)
SERVER_KEY = (_rule("key", rf"(?<![\w-])key\s+{_GIVEN}"),)
LEADING_KEY = (_rule("key", rf"^\s*(?:pac\s+)?key{_SEPARATOR}{_GIVEN}"),)
LEADING_AUTHENTICATION = (_rule("authentication", rf"^\s*authentication\s+{_VALUE}(?=\s*$)"),)
COMMUNITY = (
    _rule("community", rf"(?<![\w-])community{_SEPARATOR}(?:(?:read|write|ro|rw|{_TYPE})\s+){{0,3}}{_VALUE}"),
    _rule("trap-group", rf"\btrap-group\s+{_VALUE}"),
    _rule("community-map", r"\bcommunity-map\s+(\S+)"),
    _rule(
        "snmp-server",
        r"^\s*snmp-server\s+host\s+\S+(?:\s+(?:traps?|informs?|vrf \S{1,64}|version (?:1|2c|3 \w{4,6})|udp-port \d{1,5}"
        r"|encrypted|clear|community|(?:use-|filter-)vrf \S{1,64}|source-interface \S{1,64})){0,6}\s+"
        rf"(?!(?:use-vrf|filter-vrf|source-interface|vrf|udp-port)\s){_VALUE}",
    ),
)
USER_KEYS = (
    _rule("auth", rf"\bauth(?:entication)?\s+(?:md5|sha)[\w-]*\s+{_GIVEN}"),
    _rule("priv", rf"\bpriv(?:acy)?\s+(?:(?:3?des|aes)[\w-]*\s+(?:(?:128|192|256)\s+)?)?{_GIVEN}"),
)
ALL = (FORMS, WORDS, TYPED_KEY, SERVER_KEY, LEADING_KEY, LEADING_AUTHENTICATION, COMMUNITY, USER_KEYS)
HINTS = tuple(sorted({hint for rules in ALL for rule in rules for hint in rule.hints}))

# Where a line stands, or what it is about
CLOCK = re.compile(r"\s*(?:set system )?s?ntp\b")
SERVER = re.compile(r"tacacs|tacplus|radius|ldap|isakmp|failover|keyring|pre-share|server-private|address|hostname")
KEY_NUMBER = re.compile(r"\s*key\s+[0-9a-f]+\s*\{?$")
KEY_CHAIN = re.compile(r"key-?\s?chain")
REDUNDANCY = re.compile(r"\b(?:hsrp|vrrp|glbp|standby)\b")
SNMP = re.compile(r"\bsnmp")  # elsewhere a community is one of BGP's, and no secret
SNMP_USER = re.compile(r"snmp\S*\s+(?:usm-)?user\b")


def find_suspects(lower: str, walk: Walk) -> Iterator[Span]:
    """What looks like a secret in this line, which is where the walk is."""
    for rules in _rules_for(lower, walk):
        for hints, pattern in rules:
            for hint in hints:
                if hint in lower:
                    yield from secret_spans(pattern, lower)
                    break


def _rules_for(lower: str, walk: Walk) -> Iterator[tuple[Rule, ...]]:
    yield FORMS
    if walk.in_banner:
        return
    yield WORDS
    if "key" in lower:
        yield from _rules_for_keys(lower, walk)
    if "authentication" in lower and walk.is_below(REDUNDANCY):
        yield LEADING_AUTHENTICATION
    if "snmp" in lower or (("community" in lower or "trap-group" in lower) and walk.is_below(SNMP)):
        yield COMMUNITY
        if SNMP_USER.search(lower):
            yield USER_KEYS


def _rules_for_keys(lower: str, walk: Walk) -> Iterator[tuple[Rule, ...]]:
    if not CLOCK.match(lower):
        yield TYPED_KEY
        if SERVER.search(lower):
            yield SERVER_KEY
    if not (KEY_NUMBER.match(lower) and (lower.endswith("{") or walk.is_below(KEY_CHAIN))):
        yield LEADING_KEY
