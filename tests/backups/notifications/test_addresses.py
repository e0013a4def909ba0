"""Where webhooks go, and where they never go."""

import ipaddress
import socket
from typing import Any

import pytest
from pytest_django import Settings

from backups.notifications.addresses import RefusedAddress, check_url, resolve

REFUSED = [
    *("127.0.0.1", "127.9.9.9", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "169.254.169.254"),
    *("168.63.129.16", "192.0.0.192", "100.100.100.200", "224.0.0.1", "240.0.0.1", "255.255.255.255"),
    *("[::]", "[::1]", "[fe80::1]", "[fe80::1%25eth0]", "[fd00:ec2::254]", "[fec0::1]", "[ff02::1]", "[ff0e::1]"),
    *("[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::ffff:169.254.169.254]", "[::ffff:10.0.0.1]", "[::127.0.0.1]"),
    *("[64:ff9b::7f00:1]", "[64:ff9b::a9fe:a9fe]", "[2002:7f00:1::]", "[2001:0:7f00:1::1]"),
    # The same as 127.0.0.1, written oddly
    *("2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "127.1", "127.0.0.1.", "017700000001", "127.0.0.0x1"),
]
UGLY = [
    *("", "ftp://hooks.example.net/", "//hooks.example.net/", "https://", "https:///path", "file:///etc/passwd"),
    *("https://user:secret@hooks.example.net/", "https://@hooks.example.net/", "https://hooks.example.net/#part"),
    *("https://hooks.example.net:0/", "https://hooks.example.net:70000/", "https://hooks.example.net:x/"),
    *("https://hooks.example.net/a b", "https://hooks.example.net/\r\nX: y", "https://hooks.example.net\\@127.0.0.1/"),
    *(
        "https://hööks.example.net/",
        "https://⑯⑨.254.169.254/",
        "https://-x.example.net/",
        "https://[::1",
        "https://a..b/",
    ),
    "http://hooks.example.net/",
]


@pytest.fixture(autouse=True)
def _nothing_is_allowed(settings: Settings) -> None:
    settings.NETRAVEN = settings.NETRAVEN | {"WEBHOOK_ALLOW": []}


def allow(settings: Settings, *networks: str) -> None:
    found = [ipaddress.ip_network(network) for network in networks]
    settings.NETRAVEN = settings.NETRAVEN | {"WEBHOOK_ALLOW": found}


def let_mean(monkeypatch: pytest.MonkeyPatch, *answers: str) -> list[str]:
    """What the resolver says to whoever asks; the list has a name for each question."""
    asked: list[str] = []

    def answer(host: str, port: int, **_: Any) -> list[Any]:
        asked.append(host)
        return [(0, socket.SOCK_STREAM, 6, "", (address, port)) for address in answers]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    return asked


@pytest.mark.parametrize("host", REFUSED)
def test_no_url_leads_inside(host: str) -> None:
    with pytest.raises(RefusedAddress):
        check_url(f"https://{host}/hook")


@pytest.mark.parametrize("url", UGLY)
def test_what_is_no_proper_url_is_refused(url: str) -> None:
    with pytest.raises(RefusedAddress) as caught:
        check_url(url)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("address", [host.strip("[]") for host in REFUSED[:27] if "%" not in host])
def test_no_name_leads_inside_either(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    let_mean(monkeypatch, "198.41.0.4", address)
    with pytest.raises(RefusedAddress, match="no public address"):
        resolve(check_url("https://hooks.example.net/"))


def test_public_addresses_are_taken_as_they_come_and_asked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = let_mean(monkeypatch, "198.41.0.4", "2001:503:ba3e::2:30", "198.41.0.4")
    target = check_url("https://Hooks.Example.net:8443/netraven?room=core")
    assert (target.host, target.port, target.path) == ("hooks.example.net", 8443, "/netraven?room=core")
    assert target.host_header == "hooks.example.net:8443"
    assert resolve(target) == ["198.41.0.4", "2001:503:ba3e::2:30"]
    assert asked == ["hooks.example.net"]


def test_a_setting_opens_networks_also_for_plain_http(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    allow(settings, "10.1.0.0/16", "fd00:1::/64")
    assert resolve(check_url("http://10.1.2.3/")) == ["10.1.2.3"]
    assert resolve(check_url("http://[::ffff:10.1.2.3]/")) == ["::ffff:a01:203"]
    assert resolve(check_url("https://[fd00:1::5]/")) == ["fd00:1::5"]
    for url in ("http://10.2.0.1/", "https://10.2.0.1/", "http://198.41.0.4/", "https://[::ffff:10.2.0.1]/"):
        with pytest.raises(RefusedAddress):
            check_url(url)
    let_mean(monkeypatch, "198.41.0.4")
    with pytest.raises(RefusedAddress, match="Use https"):
        resolve(check_url("http://hooks.example.net/"))


def test_a_name_that_nobody_knows_is_told() -> None:
    with pytest.raises(RefusedAddress, match="cannot be resolved"):
        resolve(check_url("https://hooks.invalid/"))
    with pytest.raises(RefusedAddress, match="no public address"):
        resolve(check_url("https://localhost/"))
