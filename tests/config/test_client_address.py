"""The key of rate limits by address: one key for each sender."""

import pytest
from django.test import RequestFactory
from django.urls import reverse

from config.client_address import UNKNOWN, address_key, client_address, key_of
from tests.factories import PASSWORD

pytestmark = pytest.mark.usefixtures("one_rate_window")

# Addresses that one customer of a provider can use.
NETWORK = [f"2001:db8:7:1::{number:x}" for number in range(1, 71)]


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("203.0.113.7", "203.0.113.7"),
        (" 203.0.113.7 ", "203.0.113.7"),
        ("203.0.113.7:4711", "203.0.113.7"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:DB8:0:0:ffff:ffff:ffff:ffff", "2001:db8::/64"),
        ("2001:0db8:0000:0000:0000:0000:0000:0001", "2001:db8::/64"),
        ("2001:db8:0:1::", "2001:db8:0:1::/64"),
        ("[2001:db8::1]", "2001:db8::/64"),
        ("[2001:db8::1]:4711", "2001:db8::/64"),
        ("fe80::1", "fe80::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("[fe80::1%eth1]:80", "fe80::/64"),
        ("::1", "::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("::FFFF:cb00:7107", "203.0.113.7"),
        ("[::ffff:203.0.113.7]:4711", "203.0.113.7"),
        ("64:ff9b::203.0.113.7", "203.0.113.7"),
        ("2002:cb00:7107:1::1", "203.0.113.7"),
    ],
)
def test_every_notation_of_an_address_has_one_key(address, key):
    assert key_of(address) == key


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "unknown",
        "203.0.113",
        "203.0.113.007",
        "203.0.113.7/24",
        "203.0.113.7, 203.0.113.8",
        "1:2:3",
        "[",
        "[]",
        "%eth0",
        "2001:db8::1::",
        "2001:db8::1:4711:1:2:3:4:5:6",
        "\u0661.2.3.4",
        "\x00",
        "\ud800",
        "1" * 1_000_000,
        "2001:db8::1%" + "x" * 1_000_000,
    ],
)
def test_all_invalid_addresses_share_one_key(text):
    assert key_of(text) == UNKNOWN


@pytest.mark.parametrize(
    ("count", "forwarded", "key"),
    [
        (0, "203.0.113.7", "192.0.2.1"),
        (1, None, "192.0.2.1"),
        (1, "", "192.0.2.1"),
        (1, " ", "192.0.2.1"),
        (1, "203.0.113.7", "203.0.113.7"),
        (1, "198.51.100.1, 203.0.113.7", "203.0.113.7"),
        (1, "203.0.113.7, garbage", UNKNOWN),
        (2, "203.0.113.7,198.51.100.1", "203.0.113.7"),
        (2, "evil, 2001:db8::1 , 198.51.100.1", "2001:db8::/64"),
        (2, "203.0.113.7", "192.0.2.1"),
        (-1, "203.0.113.7", "192.0.2.1"),
    ],
)
def test_the_sender_is_the_address_that_the_outermost_proxy_saw(
    settings, count, forwarded, key
):
    settings.PROXY_COUNT = count
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}

    request = RequestFactory().get("/", REMOTE_ADDR="192.0.2.1", headers=headers)

    assert address_key(request) == key


@pytest.mark.parametrize("remote", [None, ""])
def test_requests_without_an_address_share_one_key(remote):
    request = RequestFactory().get("/", REMOTE_ADDR=remote)

    assert address_key(request) == UNKNOWN


@pytest.mark.parametrize(
    ("remote", "shown"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:DB8:0::1", "2001:db8::1"),
        ("garbage", UNKNOWN),
    ],
)
def test_mails_show_the_address_itself(remote, shown):
    request = RequestFactory().get("/", REMOTE_ADDR=remote)

    assert client_address(request) == shown


def test_the_api_counts_a_network_as_one_sender(api, db):
    statuses = [
        api.post(
            reverse("api:token"),
            {"email": f"nobody{number}@example.com", "password": PASSWORD},
            REMOTE_ADDR=address,
        ).status_code
        for number, address in enumerate(NETWORK[:61])
    ]

    assert statuses == [401] * 60 + [429]


@pytest.mark.parametrize("spelled", ["203.0.113.7", "::ffff:203.0.113.7"])
def test_the_pages_count_an_address_as_one_sender(client, db, spelled):
    for _ in range(60):
        client.post(reverse("account_login"), {}, REMOTE_ADDR="::ffff:203.0.113.7")

    response = client.post(reverse("account_login"), {}, REMOTE_ADDR=spelled)

    assert response.status_code == 429


def test_the_pages_count_a_network_as_one_sender(client, db):
    statuses = [
        client.post(reverse("account_login"), {}, REMOTE_ADDR=address).status_code
        for address in NETWORK[:61]
    ]

    assert statuses == [200] * 60 + [429]


@pytest.mark.parametrize("remote", [None, "garbage"])
def test_pages_work_without_a_client_address(client, alice, remote):
    response = client.post(
        reverse("account_login"),
        {"login": alice.email, "password": PASSWORD},
        REMOTE_ADDR=remote,
    )

    assert response.status_code == 303
