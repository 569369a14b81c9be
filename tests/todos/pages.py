"""Helpers for the tests of pages."""

from uuid import UUID
from xml.etree import ElementTree

from django.urls import reverse

from todos.models import Change

ABSENT = UUID("01980000-0000-7000-8000-000000000000")


def kinds(user):
    """Return the kinds of changes that a user made with a session, in order."""
    changes = Change.objects.owned_by(user).filter(credential="session")
    return list(changes.order_by("seq").values_list("kind", flat=True))


def asks_to_sign_in(response):
    status = 303 if response.request["REQUEST_METHOD"] == "POST" else 302
    return response.status_code == status and response.url.startswith(
        reverse("account_login")
    )


def assert_does_not_exist(client, route, pk, *, method="get", **body):
    """Assert that the response for an object is identical to that for a random id."""
    send = getattr(client, method)
    theirs = send(reverse(route, args=[pk]), body)
    nobodys = send(reverse(route, args=[ABSENT]), body)
    assert theirs.status_code == nobodys.status_code == 404
    assert theirs.content == nobodys.content


def image_of(chart):
    """Return a chart as an element."""
    return ElementTree.fromstring(chart)  # noqa: S314 - of our own making


def set_url(task, name):
    """Return the URL of the form of a property."""
    return reverse("todos:task-set", args=[task.pk, name])


def details_of(client, task):
    """Return the details on the page of a task."""
    page = client.get(reverse("todos:task-detail", args=[task.pk]))
    assert page.status_code == 200
    return page.context["details"]


def sent(form, **changes):
    """Return what a browser sends for the form of a property, with some changes."""
    values = {"seen": form.seen}
    for field in form:
        value = field.field.widget.format_value(field.value())
        if isinstance(value, list):  # of a select
            value = value[0] if value else ""
        values[field.name] = "" if value is None else str(value).replace("\n", "\r\n")
    if form.asks_to_restore or form.restores:
        values["restore"] = str(form.task.version)
    return values | changes


def save(client, task, name, **changes):
    """Open the page of a task, change one property and save it."""
    form = details_of(client, task).forms[name]
    return client.post(set_url(task, name), sent(form, **changes))
