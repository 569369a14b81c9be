"""The browsable API for signed-in users and for visitors."""

import pytest
from django.test import Client
from django.urls import reverse

from tests.factories import TaskFactory
from todos.models import Task

BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.fixture
def browse(page_as):
    """Open a route of the API as the browser of a user would."""

    def get(user, url, **more):
        client = page_as(user) if user else Client()
        return client.get(url, headers=BROWSER, **more)

    return get


def test_shows_the_response_and_a_form_for_each_method(browse, alice):
    task = TaskFactory(owner=alice, title="Buy <b>milk</b>")

    response = browse(alice, reverse("api:task-detail", args=[task.pk]))

    assert response.status_code == 200
    assert response["Content-Type"] == "text/html; charset=utf-8"
    assert "Buy &lt;b&gt;milk&lt;/b&gt;" in response.text
    for method in ("PUT", "PATCH", "DELETE"):
        assert f'data-method="{method}"' in response.text
    assert 'data-method="POST"' not in response.text


def test_complies_with_the_content_security_policy(browse, alice):
    response = browse(alice, reverse("api:task-list"))

    assert "default-src 'none'" in response["Content-Security-Policy"]
    assert "unsafe" not in response["Content-Security-Policy"]
    assert " style=" not in response.text
    assert "<style" not in response.text
    scripts = response.text.count("<script")
    assert scripts == response.text.count('<script type="module" src="/static/') == 1


def test_shows_visitors_a_link_to_sign_in(browse, db):
    url = reverse("api:task-list")

    response = browse(None, f"{url}?view=today")

    assert response.status_code == 401
    assert response["WWW-Authenticate"] == "Bearer"
    assert response["Content-Type"] == "text/html; charset=utf-8"
    back = "?next=%2Fapi%2Fv1%2Ftasks%3Fview%3Dtoday"
    assert f'href="/accounts/login/{back}"' in response.text
    assert "data-method" not in response.text


def test_hides_a_task_of_another_user(browse, alice, bob):
    task = TaskFactory(owner=alice, title="Secret")

    response = browse(bob, reverse("api:task-detail", args=[task.pk]))

    assert response.status_code == 404
    assert "Secret" not in response.text


def test_shows_a_refusal_as_a_page(browse, alice):
    response = browse(alice, reverse("api:task-list"), data={"view": "nonsense"})

    assert response.status_code == 400
    assert response["Content-Type"] == "text/html; charset=utf-8"
    assert "&quot;status&quot;: 400" in response.text


def test_requires_a_csrf_token(page_as, alice):
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = page_as(alice).cookies

    response = strict.post(
        reverse("api:task-list"), {"title": "x"}, content_type="application/json"
    )

    assert response.status_code == 403
    assert not Task.objects.owned_by(alice).exists()


def test_accepts_the_csrf_token_of_the_page(page_as, alice):
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = page_as(alice).cookies
    page = strict.get(reverse("api:task-list"), headers=BROWSER)

    response = strict.post(
        reverse("api:task-list"),
        {"title": "Buy milk"},
        content_type="application/json",
        headers={"x-csrftoken": str(page.context["csrf_token"])},
    )

    assert response.status_code == 201


def test_returns_json_to_api_clients(page_as, alice):
    response = page_as(alice).get(reverse("api:task-list"))

    assert response["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    ("name", "heading"),
    [("task-list", "Tasks"), ("list-list", "Lists"), ("label-list", "Labels")],
)
def test_the_heading_names_the_endpoint(browse, alice, name, heading):
    response = browse(alice, reverse(f"api:{name}"))

    assert f"<h1>{heading}</h1>" in response.text
