"""The trusted issuers of the settings, and the system checks of invalid ones."""

import json
import logging

import pytest

from accounts.better_auth.issuers import (
    ASYMMETRIC,
    configured_issuers,
    session_issuer,
    trusted_issuers,
)
from accounts.checks import check_issuers

URL = "https://app.example.com"
SECRET = "a secret of both servers, of more than 32 bytes"
NOTHING = dict.fromkeys(
    ("url", "issuer", "audience", "jwks_url", "algorithms", "shared_secret"), ""
) | {"max_lifetime": 0, "sessions": False}


@pytest.fixture
def single(settings):
    """Set `BETTER_AUTH_…`, as the environment does: what is not given is empty."""
    settings.BETTER_AUTH_ISSUERS = ""

    def configure(**words):
        settings.BETTER_AUTH = NOTHING | words

    configure()
    return configure


@pytest.fixture
def several(settings, single):
    """Set `BETTER_AUTH_ISSUERS`, to a list of objects or to any text."""

    def configure(*issuers):
        is_text = issuers and isinstance(issuers[0], str)
        settings.BETTER_AUTH_ISSUERS = issuers[0] if is_text else json.dumps(issuers)

    return configure


def the_issuer():
    (issuer,) = trusted_issuers().values()
    return issuer


def the_error():
    (error,) = check_issuers()
    return error


# --- Accepted -----------------------------------------------------------------------


def test_without_settings_no_issuer_is_trusted(single):
    assert trusted_issuers() == {}
    assert session_issuer() is None
    assert list(check_issuers()) == []


def test_the_url_alone_is_enough(single):
    single(url=URL)

    issuer = the_issuer()

    assert issuer.issuer == URL
    assert issuer.audiences == (URL,)
    assert issuer.jwks_url == f"{URL}/api/auth/jwks"
    assert issuer.algorithms == ASYMMETRIC
    assert issuer.shared_secret == ""
    assert issuer.max_lifetime == 3600
    assert issuer.sessions is False
    assert list(check_issuers()) == []


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://app.example.com/", "https://app.example.com"),
        ("https://app.example.com/api/auth", "https://app.example.com"),
        ("https://app.example.com?x=1", "https://app.example.com"),
        ("HTTPS://App.Example.COM", "https://app.example.com"),
        ("https://app.example.com:443", "https://app.example.com"),
        ("https://app.example.com:8443/", "https://app.example.com:8443"),
        ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
        ("http://localhost:80", "http://localhost"),
        ("http://localhost:3000/api", "http://localhost:3000"),
        ("http://127.0.0.1:3000", "http://127.0.0.1:3000"),
        ("http://[::1]:3000", "http://[::1]:3000"),
    ],
)
def test_the_issuer_is_the_origin_as_better_auth_writes_it(single, url, origin):
    single(url=url)

    issuer = the_issuer()

    assert issuer.issuer == issuer.url == origin
    assert issuer.audiences == (origin,)
    assert issuer.jwks_url == f"{origin}/api/auth/jwks"
    assert issuer.session_url == f"{origin}/api/auth/get-session"
    assert list(check_issuers()) == []


@pytest.mark.parametrize(
    ("word", "value", "field", "expected"),
    [
        ("issuer", "urn:our-app", "issuer", "urn:our-app"),
        ("issuer", f"{URL}/", "issuer", f"{URL}/"),
        ("audience", "ownlist", "audiences", ("ownlist",)),
        ("audience", "ownlist, other", "audiences", ("ownlist", "other")),
        (
            "jwks_url",
            "https://keys.example/set?v=2",
            "jwks_url",
            "https://keys.example/set?v=2",
        ),
        ("algorithms", "ES256", "algorithms", ("ES256",)),
        ("algorithms", "EdDSA, RS256", "algorithms", ("EdDSA", "RS256")),
        ("max_lifetime", 7200, "max_lifetime", 7200),
        ("sessions", True, "sessions", True),
    ],
)
def test_each_part_can_be_replaced_and_the_rest_stays(
    single, word, value, field, expected
):
    single(url=URL)
    before = the_issuer()

    single(url=URL, **{word: value})

    issuer = the_issuer()
    assert getattr(issuer, field) == expected
    assert list(check_issuers()) == []
    for other in ("issuer", "audiences", "algorithms", "jwks_url", "max_lifetime"):
        if other != field:
            assert getattr(issuer, other) == getattr(before, other)


def test_with_a_shared_secret_hs256_is_the_only_algorithm(single):
    single(url=URL, shared_secret=SECRET)

    issuer = the_issuer()

    assert issuer.algorithms == ("HS256",)
    assert issuer.jwks_url == ""
    assert issuer.shared_secret == SECRET
    assert list(check_issuers()) == []


def test_a_secret_is_measured_in_bytes(single):
    single(url=URL, shared_secret="ü" * 16)

    assert list(check_issuers()) == []


def test_works_without_a_url_if_everything_else_is_configured(single):
    single(issuer="urn:app", audience="ownlist", jwks_url="https://keys.example/set")

    assert the_issuer().url == ""
    assert list(check_issuers()) == []


def test_a_list_configures_several_issuers(several):
    several(
        {"url": "https://one.example"},
        {
            "url": "https://two.example",
            "audience": ["a", "b"],
            "algorithms": ["ES256"],
            "sessions": True,
        },
        {"url": "https://three.example", "shared_secret": SECRET},
    )

    one, two, three = trusted_issuers().values()

    assert one.algorithms == ASYMMETRIC
    assert (two.audiences, two.algorithms) == (("a", "b"), ("ES256",))
    assert three.algorithms == ("HS256",)
    assert session_issuer() == two
    assert list(check_issuers()) == []


def test_the_list_is_added_to_the_single_issuer(settings, single, several):
    several({"url": "https://two.example"})
    single(url=URL)

    assert list(trusted_issuers()) == [URL, "https://two.example"]


def test_an_invalid_issuer_is_left_out_and_the_others_stay(several):
    several({"url": "http://one.example"}, {"url": "https://two.example"})

    assert list(trusted_issuers()) == ["https://two.example"]


# --- Refused ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "value", "says"),
    [
        ("url", "http://app.example.com", "https"),
        ("url", "http://192.168.0.1", "https"),
        ("url", "http://127.0.0.1.example.com", "https"),
        ("url", "app.example.com", "https://app.example.com"),
        ("url", "ftp://app.example.com", "https://app.example.com"),
        ("url", "https://", "https://app.example.com"),
        ("url", "https://app.example.com:port", "https://app.example.com"),
        ("url", "https://app.example.com:99999", "https://app.example.com"),
        ("url", "https://app.example.com:0", "https://app.example.com"),
        ("url", "https://[app.example.com", "https://app.example.com"),
        ("url", "https://user:pw@app.example.com", "not contain a user name"),
        ("url", "https://@app.example.com", "not contain a user name"),
        ("url", "https://app.example.com#keys", "fragment"),
        ("url", "https://bücher.example", "xn--"),
        ("url", "https://app.example.com ", "xn--"),
        ("issuer", "i" * 256, "255"),
        ("issuer", "urn:\x00", "255"),
        ("jwks_url", "http://keys.example/set", "https"),
        ("jwks_url", "keys.json", "https://app.example.com"),
        (
            "jwks_url",
            "https://user:pw@keys.example/set",
            "not contain a user name",
        ),
        ("audience", "*", "`aud`"),
        ("audience", "ownlist, *", "`aud`"),
        ("audience", " , ", "`aud`"),
        ("algorithms", "HS256", "shared secret"),
        ("algorithms", "EdDSA, HS256", "shared secret"),
        ("algorithms", "none", "EdDSA"),
        ("algorithms", "ES384", "EdDSA"),
        ("algorithms", "eddsa", "EdDSA"),
        ("algorithms", ",", "EdDSA"),
        ("shared_secret", "x" * 31, "32 bytes"),
        ("shared_secret", "\udcff" * 32, "UTF-8"),
        ("max_lifetime", 59, "60 to 604800"),
        ("max_lifetime", -1, "60 to 604800"),
        ("max_lifetime", 604801, "60 to 604800"),
    ],
)
def test_a_wrong_value_stops_the_start_and_is_named(single, word, value, says):
    single(**{"url": URL, word: value})

    error = the_error()

    assert error.id == "accounts.E002"
    assert error.msg.startswith(f"BETTER_AUTH_{word.upper()} ")
    assert says in error.msg
    assert trusted_issuers() == {}


@pytest.mark.parametrize(
    ("word", "value", "says"),
    [
        ("url", 7, "a string"),
        ("url", ["https://app.example.com"], "a string"),
        ("issuer", None, "a string"),
        ("audience", {"a": 1}, "a list"),
        ("audience", [], "`aud`"),
        ("audience", "", "`aud`"),
        ("audience", [""], "`aud`"),
        ("audience", [7], "`aud`"),
        ("audience", ["ownlist", "*"], "`aud`"),
        ("jwks_url", False, "a string"),
        ("algorithms", 256, "a list"),
        ("algorithms", [], "EdDSA"),
        ("algorithms", [["EdDSA"]], "EdDSA"),
        ("shared_secret", 7, "a string"),
        ("shared_secret", "", "32 bytes"),
        ("max_lifetime", "3600", "whole number"),
        ("max_lifetime", 3600.0, "whole number"),
        ("max_lifetime", True, "whole number"),
        ("sessions", "yes", "true or false"),
        ("sessions", 1, "true or false"),
        ("jwks", "https://app.example.com", "jwks_url"),
        ("Issuer", "urn:app", "issuer"),
    ],
)
def test_a_wrong_value_in_the_list_is_named_with_its_place(several, word, value, says):
    several({"url": "https://one.example"}, {"url": URL} | {word: value})

    error = the_error()

    assert error.id == "accounts.E002"
    assert error.msg.startswith(f"BETTER_AUTH_ISSUERS[1].{word} ")
    assert says in error.msg
    assert list(trusted_issuers()) == ["https://one.example"]


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ({"audience": "ownlist"}, "URL"),
        ({"sessions": True}, "URL"),
        ({"issuer": "urn:app"}, "AUDIENCE"),
        ({"issuer": "urn:app", "audience": "ownlist"}, "JWKS_URL"),
        ({"issuer": "a", "audience": "b", "jwks_url": URL, "sessions": True}, "URL"),
    ],
)
def test_names_the_missing_setting(single, words, named):
    single(**words)

    error = the_error()

    assert error.id == "accounts.E002"
    assert error.msg.startswith(f"BETTER_AUTH_{named} is missing")


@pytest.mark.parametrize("other", ["jwks_url", "algorithms"])
def test_a_secret_and_public_keys_exclude_each_other(single, other):
    value = {"jwks_url": f"{URL}/api/auth/jwks", "algorithms": "EdDSA"}[other]
    single(url=URL, shared_secret=SECRET, **{other: value})

    error = the_error()

    assert error.id == "accounts.E002"
    assert error.msg.startswith(f"BETTER_AUTH_{other.upper()} ")
    assert "can't be combined" in error.msg


@pytest.mark.parametrize(
    "text", ["https://app.example.com", "[", '{"url": "x"}', '["x"]', "null", "7"]
)
def test_a_list_of_another_form_is_refused(several, text):
    several(text)

    error = the_error()

    assert error.id == "accounts.E001"
    assert error.msg.startswith("BETTER_AUTH_ISSUERS is not ")
    assert '[{"url": "https://app.example.com"}]' in error.msg
    assert trusted_issuers() == {}


def test_two_issuers_with_one_name_are_refused(single, several):
    single(url=URL)
    several({"url": f"{URL}/"})

    error = the_error()

    assert error.id == "accounts.E003"
    assert URL in error.msg
    assert "`issuer`" in error.hint


def test_an_issuer_with_our_own_name_is_refused(single, settings):
    single(url=settings.SIMPLE_JWT["ISSUER"])

    error = the_error()

    assert error.id == "accounts.E004"
    assert "BASE_URL" in error.msg
    assert "BETTER_AUTH_ISSUER" in error.hint


def test_sessions_of_two_issuers_are_refused(several):
    several(
        {"url": "https://one.example", "sessions": True},
        {"url": "https://two.example", "sessions": True},
    )

    error = the_error()

    assert error.id == "accounts.E005"
    assert "one" in error.hint


def test_every_wrong_issuer_is_reported_at_once(several):
    several({"url": "http://one.example"}, {}, {"url": URL, "sessions": 1})

    assert [error.id for error in check_issuers()] == ["accounts.E002"] * 3


# --- The secret ---------------------------------------------------------------------


def test_the_secret_is_in_no_repr(single):
    single(url=URL, shared_secret=SECRET)

    assert SECRET not in repr(trusted_issuers())
    assert SECRET not in repr(configured_issuers())


@pytest.mark.parametrize(
    "words",
    [
        {"algorithms": "EdDSA"},
        {"audience": "*"},
        {"url": "http://app.example.com"},
        {"max_lifetime": 1},
        {"shared_secret": SECRET[:31]},
    ],
)
def test_the_secret_is_in_no_message(single, words, caplog):
    caplog.set_level(logging.DEBUG)
    single(**{"url": URL, "shared_secret": SECRET} | words)

    error = the_error()

    assert SECRET[:31] not in str(error)
    assert SECRET[:31] not in caplog.text


def test_the_secret_is_in_no_message_about_invalid_json(several):
    several(f'[{{"shared_secret": "{SECRET}"]')

    assert SECRET not in str(the_error())
