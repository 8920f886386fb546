"""Where callbacks may go: which addresses, and which URLs."""

import pytest

from core.webhooks.addresses import why_refused
from core.webhooks.destinations import CallbackRefused, DestinationRules

PUBLIC = ["8.8.8.8", "1.1.1.1", "93.184.216.34", "2606:4700::1111", "64:ff9b::808:808", "::ffff:8.8.8.8"]
PRIVATE = [
    "127.0.0.1",
    "127.8.8.8",
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "100.64.0.1",
    "::1",
    "fc00::1",
    "fd12:3456::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::192.168.0.1",
    "::127.0.0.1",
    "::ffff:0:127.0.0.1",
    "2606:4700::5efe:127.0.0.1",  # ISATAP
]
NEVER = [
    "169.254.169.254",
    "169.254.170.2",
    "::ffff:169.254.169.254",
    "64:ff9b::169.254.169.254",
    "fe80::1",
    "fe80::1%eth0",
    "fd00:ec2::254",
    "fd20:ce::254",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "0.0.0.0",
    "0.1.2.3",
    "::",
    "192.0.2.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "192.88.99.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "ff02::1",
    "fec0::1",
    "100::1",
    "2001::1",  # Teredo
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:db8::1",
    "2002:7f00:1::",  # 6to4 of 127.0.0.1
    "2002:808:808::1",
    "64:ff9b:1::808:808",  # NAT64 of a network's own
    "4000::1",
]


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_may_be_reached(address: str) -> None:
    assert why_refused(address) is None


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_may_be_reached_only_when_allowed(address: str) -> None:
    assert "private or loopback" in (why_refused(address) or "")
    assert why_refused(address, allow_private=True) is None


@pytest.mark.parametrize("address", NEVER)
def test_metadata_link_local_and_reserved_addresses_may_never_be_reached(address: str) -> None:
    assert why_refused(address)
    assert why_refused(address, allow_private=True)


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://example.com/", "callback_scheme_refused"),
        ("ftp://example.com/", "callback_scheme_refused"),
        ("file:///etc/passwd", "callback_scheme_refused"),
        ("gopher://example.com/", "callback_scheme_refused"),
        ("example.com", "callback_scheme_refused"),
        ("https://", "callback_url_invalid"),
        ("https:///path", "callback_url_invalid"),
        ("https://exa mple.com/", "callback_url_invalid"),
        ("https://example.com/\r\nHost: evil", "callback_url_invalid"),
        ("https://example.com\\@evil.com/", "callback_url_invalid"),
        ("https://bücher.example/", "callback_url_invalid"),
        ("https://[::1/", "callback_url_invalid"),
        ("https://exa%6dple.com/", "callback_url_invalid"),
        ("https://example.com:99999/", "callback_url_invalid"),
        ("https://user@example.com/", "callback_credentials_refused"),
        ("https://user:secret@example.com/", "callback_credentials_refused"),
        ("https://@example.com/", "callback_credentials_refused"),
        ("https://example.com:22/", "callback_port_refused"),
        ("https://example.com:80/", "callback_port_refused"),
        ("https://example.com:0/", "callback_port_refused"),
        ("https://127.0.0.1/", "callback_address_refused"),
        ("https://[::1]/", "callback_address_refused"),
        ("https://[::ffff:10.0.0.1]/", "callback_address_refused"),
        ("https://169.254.169.254/latest/meta-data/", "callback_address_refused"),
        (f"https://example.com/{'a' * 2048}", "callback_url_too_long"),
    ],
)
def test_a_url_that_cannot_be_right_is_refused_by_name(url: str, code: str) -> None:
    with pytest.raises(CallbackRefused) as raised:
        DestinationRules().check_url(url)
    assert raised.value.code == code


@pytest.mark.parametrize(
    ("url", "setting"),
    [
        ("http://example.com/", "LIKENESS_WEBHOOK_ALLOW_HTTP allows http"),
        ("https://example.com:8443/", "LIKENESS_WEBHOOK_PORTS allows others"),
        ("https://10.0.0.1/", "LIKENESS_WEBHOOK_ALLOW_PRIVATE allows these"),
        ("https://169.254.169.254/", None),
        ("ftp://example.com/", None),
    ],
)
def test_what_a_setting_would_allow_is_refused_with_its_name(url: str, setting: str | None) -> None:
    with pytest.raises(CallbackRefused) as raised:
        DestinationRules().check_url(url)
    assert (setting in str(raised.value)) if setting else ("LIKENESS_" not in str(raised.value))


def test_a_url_is_taken_apart_once() -> None:
    there = DestinationRules(ports=frozenset({8443})).check_url("https://Example.com:8443?token=a%20b#part")
    assert (there.host, there.port, there.target) == ("example.com", 8443, "/?token=a%20b")


def test_http_brings_port_80_with_it() -> None:
    rules = DestinationRules(allow_http=True)
    assert rules.check_url("http://example.com/a").port == 80
    with pytest.raises(CallbackRefused, match="port 8080"):
        rules.check_url("http://example.com:8080/")
