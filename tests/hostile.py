"""What somebody may send who means harm, or whose program is broken: for every place of a request."""

import base64
import json
import uuid
from typing import Any

from hypothesis import strategies as st

MEGABYTE = 1_000_000
TEXTS = [
    *(
        "",
        " ",
        "\x00",
        "a\x00b",
        "\ud800",
        "\udfff\ud800",
        "\ufeff",
        "\u202e",
        "İ",
        "ﬀ",
        "𝒳" * 50,
        "a" * 300,
        "é" * 5000,
    ),
    *("../../../../etc/passwd", "..\\..\\boot.ini", "%2e%2e%2f", "/etc/shadow", "file:///dev/zero", "C:\\con", "."),
    *("=1+1", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", "\n=1", "＝1", "'=1", "a;=1", 'a",=1', "=cmd|' /C calc'!A0"),
    *("'; DROP TABLE devices_device; --", "%", "_", "\\", "(" * 50, "[a-", "(?i)", "(a+)+$", "a\nb", "a\r\nX-Evil: 1"),
    *("{{ 7*7 }}", "{% debug %}", "<script>alert(1)</script>", "${jndi:ldap://x}", "%(x)s", "%s%n", "{0.__class__}"),
    *("null", "None", "true", "undefined", "NaN", "-0", "1e400", "0x10", "１２", "²", "१", "1_000", "9" * 400, "-1"),
    *("2147483648", "9223372036854775808", "18446744073709551616", "0", "00", "1.5", "+1", " 1"),
    *("0000-00-00", "0001-01-01", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "9999-12-31", "2026-02-30"),
    *("99999-01-01T00:00:00Z", "2026-01-01T00:00:60Z", "2026-01-01T24:00:00Z", "2026-W01-1", "20260101", "25:61"),
    *("02:30", "2026-01-01T00:00:00Z", "00000000-0000-0000-0000-000000000000", "{" + "1" * 32 + "}", "f" * 32),
    *("urn:uuid:" + "1" * 32, "../" + "1" * 33, "ios", "core", "core1", "daily", "Europe/Berlin", "../UTC", "UTC\x00"),
    *("* * * * *", "*/0 * * * *", "0 0 31 2 *", "@reboot", "0 0 1-99999999 * *", "::1", "169.254.169.254", "0", "[::]"),
]
ATOMS: list[Any] = [
    *(None, True, False, 0, -1, 1, 65536, 2**31, 2**63, 2**64, -(2**63) - 1, 10**400, 0.5, -0.0, 1e308),
    *(float("inf"), float("nan"), [], {}, [[]], [None], [{}], {"": None}, {"a": {"b": {}}}, "x" * 100_000),
    *(["core"] * 101, ["x"] * 30_000, {str(n): n for n in range(2000)}, [0, "a", None, {}], {"id": 1, "__proto__": {}}),
]
# Bodies that no generator of JSON makes
RAW_BODIES = [
    *(
        b"",
        b"{",
        b"[",
        b"\xff\xfe",
        b"\x00",
        b"nul",
        b'"',
        b'{"a"',
        b"{'a': 1}",
        b'{"a": 1,}',
        b"\xef\xbb\xbf{}",
        b"{}{}",
    ),
    *(b'{"name": "a", "name": "b"}', b'{"hostname": "a", "hostname": {}}', b'{"a": "\\ud800"}', b'{"a": "\\u0000"}'),
    *(b"[" * 100_000, b'{"a":' * 50_000, b"[" * 900 + b"]" * 900, b"9" * 5000, b'{"name": ' + b"9" * 5000 + b"}"),
    *(b"NaN", b'{"port": Infinity}', b'{"a": 1e999}', b"null", b"0", b'""', b"[]", b"{}", b"[null]", b"[[]]"),
    *('{"name": "ü"}'.encode("latin-1"), '{"name": "ü"}'.encode("utf-16"), '{"name": "a"}'.encode("utf-32")),
    *(b'{"comments": "' + b"a" * (3 * MEGABYTE) + b'"}', b"a=1&" * 2000, b"hostname=a&address=b", b"%" * 100),
    *(b"--x\r\n\r\n", b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--x--', b"--x" * 10_000),
    *(b'--x\r\nContent-Disposition: form-data; name="f"; filename="../../x"\r\nContent-Type: ;\r\n\r\n1\r\n--x--',),
    *(
        b"hostname,address,platform\r\n=1,192.0.2.1,ios\r\n",
        b"hostname,address,platform\na,b",
        b'hostname,"',
        b",,,\n1",
    ),
    *(b"hostname,address,platform\n" + b"a,192.0.2.1,ios\n" * 10_001, b"hostname," + b"x," * 10_000, b"\n" * 100_000),
    *(b"hostname,address,platform,port\na,192.0.2.1,ios," + b"9" * 5000, b"hostname\n" + b"a" * 200_000),
]
CONTENT_TYPES = [
    *("application/json", "text/csv", "application/x-www-form-urlencoded", "multipart/form-data", "", "json", "*/*"),
    *(
        "multipart/form-data; boundary=x",
        "multipart/form-data; boundary=" + "x" * 300,
        "multipart/form-data; boundary=\xff",
    ),
    *(
        f"application/json; charset={name}"
        for name in ("utf-8", "utf-16", "rot13", "undefined", "idna", "x", "\xff", "")
    ),
    *(
        "text/csv; charset=base64",
        "application/x-www-form-urlencoded; charset=hex",
        "multipart/form-data; charset=zlib",
    ),
    *("application/json; charset*=bogus'en'x", "application/json; x*0*=1; x*1=2", 'application/json; charset="', ";;;"),
    *("a" * 9000, "application/json;" * 500, "application/json; charset=" + "a" * 5000, "application/merge-patch+json"),
]
HEADERS: dict[str, list[str]] = {
    "IDEMPOTENCY_KEY": ["", " ", "a", "a" * 256, "ü", "a b", "\x7f", "a\tb", '"', "0"],
    "IF_MATCH": ["", "*", '"', '""', "W/", 'W/"', '"a', '"a", ', ",,," * 500, "\xff", '"a"' * 2000, "* *"],
    "IF_NONE_MATCH": ["", "*", '"', 'W/""', '"a" "b"', ",", "\xff\xfe", '"' * 5001],
    "AUTHORIZATION": [
        "",
        "Bearer",
        "Bearer ",
        "Bearer \xff",
        "Bearer a b",
        "Basic Og==",
        "bearer x",
        "Bearer " + "a" * 5000,
    ],
    "ACCEPT": ["", "text/html", "*/*;q=x", "a" * 5000, "application/xml", ";", "\xff"],
    "X_REQUEST_ID": ["", "a" * 65, "a\tb", "\xff", "{}", "a'b"],
    "HOST": ["", "evil.example", "localhost:99999", "[::1", "a" * 300, "localhost:x", "\xff"],
    "RANGE": ["bytes=0-", "bytes=9-1", "x"],
    "COOKIE": ["sessionid=../../x", "sessionid=" + "a" * 4000, "=;=;", "csrftoken=\xff", "messages=x"],
    "X_HTTP_METHOD_OVERRIDE": ["DELETE", "\xff"],
    "X_FORWARDED_FOR": ["1.2.3.4, x", "\xff", ""],
    "IF_MODIFIED_SINCE": ["x", "Thu, 01 Jan 0000 00:00:00 GMT", "Thu, 99 Foo 99999999 00:00:00 GMT"],
}
QUERY_STRINGS = [
    *(
        "%",
        "%ff",
        "%00",
        "%ed%a0%80",
        "=",
        "&" * 3000,
        "a=1&" * 1500,
        "x" * 100_000,
        "page=1&page=x",
        "a[]=1",
        ";",
        "?",
    ),
    *(
        "ordering=password",
        "ordering=-",
        "ordering=,",
        "ordering=device__credential__password",
        "search=%00",
        "search=",
    ),
    *("page=0", "page=99999999999", "page=last", "page_size=0", "page_size=1e3", "page=%D9%A1", "format=html", "e=1"),
    *(
        "search=" + "a+" * 3000,
        "search=" + "%F0%9F%92%A9" * 1000,
        "_popup=1&_to_field=password",
        "all=",
        "o=1.x",
        "p=-1",
    ),
]

texts = st.one_of(st.sampled_from(TEXTS), st.text(st.characters(categories=None), max_size=30))
atoms = st.one_of(st.sampled_from(ATOMS), texts, st.integers())
values = st.recursive(
    atoms, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3), max_leaves=5
)


def _as_cursor(data: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(data).encode()).decode()


KEYS: list[Any] = [
    None,
    "",
    "0",
    "x",
    "9" * 30,
    "NaN",
    "\ud800",
    "2026-01-01T00:00:00Z",
    "0001-01-01",
    str(uuid.uuid4()),
    1,
    [],
    {},
]
cursors = st.one_of(
    texts,
    st.builds(_as_cursor, st.lists(st.sampled_from(["after", "before", *KEYS]), max_size=4)),
    st.builds(_as_cursor, st.tuples(st.just("after"), st.sampled_from(KEYS), st.sampled_from(KEYS))),
    st.builds(_as_cursor, values),
)
headers = st.dictionaries(st.sampled_from(sorted(HEADERS)), st.integers(0, 11), max_size=2).map(
    lambda chosen: {f"HTTP_{name}": HEADERS[name][at % len(HEADERS[name])] for name, at in chosen.items()}
)
