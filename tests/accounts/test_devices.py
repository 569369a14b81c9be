import pytest
from django.test import RequestFactory

from accounts.devices import MAX_DEVICE_LENGTH, device_of, network_of

WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64"
APPLE = "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5"
CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0"


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (f"{WINDOWS}; rv:130.0) Gecko/20100101 Firefox/130.0", "Firefox on Windows"),
        (f"{WINDOWS}) {CHROME} Safari/537.36 Edg/126.0.0.0", "Edge on Windows"),
        (
            f"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) {APPLE}"
            " Mobile/15E148 Safari/604.1",
            "Safari on iPhone",
        ),
        (
            f"Mozilla/5.0 (Linux; Android 10; K) {CHROME} Mobile Safari/537.36",
            "Chrome on Android",
        ),
        (
            f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {APPLE} Safari/605.1.15",
            "Safari on macOS",
        ),
        ("curl/8.5.0", "curl"),
        ("node", "Node.js"),
        ("", ""),
        ("<b>Call 0800 12345 now</b>", ""),
        ("\x00\udcff" * 10_000, ""),
    ],
)
def test_names_the_device_in_words(header, words):
    assert device_of(RequestFactory().get("/", HTTP_USER_AGENT=header)) == words


def test_the_words_have_a_bound():
    for header in ("Chrome/" * 5_000, f"{WINDOWS}) {'Firefox' * 2_000}/1.0"):
        words = device_of(RequestFactory().get("/", HTTP_USER_AGENT=header))
        assert len(words) <= MAX_DEVICE_LENGTH


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:1:2:3::4", "2001:db8:1::/48"),
        ("fe80::1%eth0", "fe80::/48"),
        ("", ""),
        ("no address", ""),
    ],
)
def test_keeps_the_network_and_not_the_address(address, network):
    assert network_of(RequestFactory().get("/", REMOTE_ADDR=address)) == network
