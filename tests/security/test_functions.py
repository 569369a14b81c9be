"""API5:2023 Broken function level authorization: the admin, without rights."""

import pytest

from tests.test_access_matrix import ADMIN

ACTIONS = ["deactivate", "reactivate", "send-password-reset", "sign-out-everywhere"]


@pytest.mark.parametrize("row", ADMIN, ids=lambda row: row.route)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_admin_opens_for_nobody_without_rights(target, row, method):
    path = target.cast["rows"][f"GET {row.route}"]["path"]
    bearer = {"Authorization": f"Bearer {target.users['sam']['access']}"}
    answers = [
        target.page(method, path, by="bob"),
        target.page(method, path),
        target.page(method, path, headers=bearer),
    ]

    for answer in answers:
        assert answer.status in {302, 303, 403, 405} or _is_sign_in(answer, path)


def _is_sign_in(answer, path):
    """The admin's own sign-in page is for everyone."""
    return path == "/admin/login/" and 'name="password"' in answer.text


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("by", ["alice", "bob", "sam"])
def test_nobody_acts_on_the_account_of_staff(target, action, by):
    path = f"/admin/accounts/user/{target.users['sam']['id']}/{action}/"

    answer = target.page("POST", path, {"confirm": "yes"}, by=by)

    assert answer.status in {302, 303, 403}
    assert target.api("GET", "/api/v1/users/me", by="sam").status == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/admin/accounts/user/?password__startswith=a"),
        ("GET", "/admin/accounts/user/?q=zircon"),
        ("GET", "/admin/accounts/user/?tasks__title__startswith=z"),
        ("GET", "/admin/accounts/user/?_to_field=password"),
        ("GET", "/admin/accounts/user/?o=1.2.3&e=1"),
        ("GET", "/admin/accounts/user/{alice}/change/"),
        ("GET", "/admin/accounts/user/{alice}/history/"),
        ("GET", "/admin/accounts/user/add/"),
        ("POST", "/admin/accounts/user/add/"),
        ("POST", "/admin/accounts/user/{sam}/change/"),
        ("GET", "/admin/auth/group/"),
        ("GET", "/admin/todos/task/"),
        ("GET", "/admin/todos/tasklist/"),
        ("GET", "/admin/accounts/securityevent/"),
        ("GET", "/admin/sessions/session/"),
        ("GET", "/admin/autocomplete/?app_label=accounts&model_name=user&field_name=x"),
    ],
)
def test_support_staff_see_no_task_and_give_no_rights(target, method, path):
    ids = {name: user["id"] for name, user in target.users.items()}
    form = {"is_superuser": "on", "is_staff": "on", "groups": "1"}

    answer = target.page(method, path.format(**ids), form, by="sam")

    assert answer.status in {200, 302, 303, 400, 403, 404}
    assert "argon2" not in answer.text
    assert target.page("GET", "/admin/auth/group/", by="sam").status in {302, 403}


@pytest.mark.parametrize("name", ["alice", "sam"])
@pytest.mark.parametrize(
    "form", ["api/{}/tasks", "api/users/{}/tasks", "api/v1/users/{}/tasks"]
)
def test_a_user_in_the_route_is_the_caller(target, name, form):
    path = f"/{form.format(target.users[name]['id'])}"

    assert target.api("GET", path, by="bob").status == 403
    assert target.api("POST", path, {"title": "x"}, by="bob").status == 403
