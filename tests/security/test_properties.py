"""API3:2023 Broken object property level authorization, in both directions."""

import pytest

from tests.factories import PASSWORD
from tests.test_access_matrix import API

OF_A_USER = {
    "id": "00000000-0000-7000-8000-000000000000",
    "pk": "00000000-0000-7000-8000-000000000000",
    "email": "bob@evil.example",
    "password": "a stolen password",
    "is_staff": True,
    "is_superuser": True,
    "is_active": False,
    "credential_epoch": 10**6,
    "epoch": 10**6,
    "date_joined": "2000-01-01T00:00:00Z",
    "last_login": "2000-01-01T00:00:00Z",
    "deletion_requested_at": None,
    "groups": [1],
    "user_permissions": [1],
    "scopes": ["account:read"],
    "email_verified": True,
    "__class__": "x",
    "__proto__": {"is_staff": True},
    "owner": "{alice}",
}
NEVER_SHOWN = (
    *("password", "is_staff", "is_superuser", "credential_epoch", "epoch", "groups"),
    *("last_login", "session_key", "secret", "hash"),
)


@pytest.mark.parametrize("field", OF_A_USER)
def test_a_user_changes_nothing_of_themselves_that_is_not_theirs_to_change(
    target, field
):
    before = target.api("GET", "/api/v1/users/me", by="bob").json()
    value = OF_A_USER[field]

    answer = target.api("PATCH", "/api/v1/users/me", {field: value}, by="bob")

    assert answer.status in {200, 400}
    after = target.api("GET", "/api/v1/users/me", by="bob").json()
    assert after == before
    assert target.page("GET", "/admin/", by="bob").status == 302


OF_A_TASK = {
    "owner": "{alice}",
    "owner_id": "{alice}",
    "user": "{alice}",
    "user_id": "{alice}",
    "id": "{task}",
    "version": 10**6,
    "created_at": "2000-01-01T00:00:00Z",
    "updated_at": "2000-01-01T00:00:00Z",
    "deleted_at": "2000-01-01T00:00:00Z",
    "purged_at": "2000-01-01T00:00:00Z",
    "seq": -1,
    "batch": "{batch}",
    "source": "token",
}


@pytest.mark.parametrize("field", OF_A_TASK)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/v1/tasks"),
        ("PATCH", "/api/v1/tasks/{own}"),
        ("POST", "/api/{bob}/tasks"),
        ("POST", "/api/v1/users/{bob}/tasks"),
    ],
)
def test_a_task_stays_with_its_owner_and_its_own_values(target, method, path, field):
    names = {
        "alice": target.users["alice"]["id"],
        "bob": target.users["bob"]["id"],
        "task": target.cast["alice"]["task"],
        "batch": target.cast["alice"]["batch"],
        "own": target.cast["bob"]["task"],
    }
    value = OF_A_TASK[field]
    value = value.format(**names) if isinstance(value, str) else value

    answer = target.api(
        method, path.format(**names), {"title": "x", field: value}, by="bob"
    )

    assert answer.status in {200, 201, 400}
    if answer.status != 400:
        assert answer.json().get(field) != value
        assert names["alice"] not in answer.text


@pytest.mark.parametrize(
    "field", ["is_staff", "is_superuser", "id", "groups", "email_verified"]
)
def test_nobody_registers_as_more_than_a_user(target, field):
    email = f"carol.{field}@example.com"
    target.secrets.add(email)
    body = {"email": email, "password": PASSWORD, field: OF_A_USER[field]}

    answer = target.api("POST", "/api/v1/auth/register", body)

    assert answer.status in {202, 400}
    assert "access" not in answer.json()  # the address must be confirmed first
    signs_in = {"email": email, "password": PASSWORD}
    assert target.api("POST", "/api/v1/auth/token", signs_in).status in {401, 403}
    assert target.page("POST", "/admin/login/", signs_in).status in {302, 303, 403}


READS = [r for r in API if r.method == "GET" and r.owner == 200]


@pytest.mark.parametrize("row", READS, ids=lambda row: row.route)
def test_no_answer_shows_what_only_the_service_uses(target, row):
    path = target.cast["rows"][f"GET {row.route}"]["path"]

    answer = target.api("GET", path, by="alice")

    assert answer.status == 200
    shown = [name for name in NEVER_SHOWN if f'"{name}"' in answer.text]
    assert shown == []
