"""The admin shows nobody the texts of tasks, lists and labels."""

from itertools import product

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.urls import URLResolver, get_resolver, reverse
from django.utils import timezone

from accounts.models import User
from tests import support
from tests.changes import caller_of
from tests.factories import TaskFactory, TaskListFactory, UserFactory
from todos import actions
from todos.models import Change, Label, Task, TaskLabel, TaskList

pytestmark = pytest.mark.slow

TITLE, NOTES, LIST, LABEL, FORMER = (
    f"marker-{word}" for word in ("quince", "walnut", "medlar", "cherry", "almond")
)
MARKERS = (TITLE, NOTES, LIST, LABEL, FORMER)
ROWS = {
    Task: ["title", "notes"],
    TaskList: ["name"],
    Label: ["name", "key"],
    Change: ["before", "after"],
}


@pytest.fixture(params=["support", "superuser", "support with every permission"])
def staff_browser(request, page_as, sam):
    """A browser of each kind of staff; added permissions change nothing."""
    if request.param == "superuser":
        return page_as(UserFactory(is_staff=True, is_superuser=True))
    support.join(sam)
    if request.param != "support":
        from django.contrib.auth.models import Permission

        sam.user_permissions.set(Permission.objects.all())
    return page_as(sam)


@pytest.fixture
def owner(alice):
    """Alice, with a marker in every text that a user can write."""
    at = timezone.now()
    tasks = TaskListFactory(owner=alice, name=LIST)
    task = TaskFactory(
        owner=alice, list_id=tasks.pk, title=FORMER, notes=NOTES, labels=[LABEL]
    )
    actions.update_task(caller_of(alice, at), task_id=task.pk, changes={"title": TITLE})
    TaskFactory(owner=alice, parent_id=task.pk, title=f"{TITLE} step")
    gone = TaskFactory(owner=alice, title=f"{TITLE} gone")
    actions.trash_task(caller_of(alice, at), task_id=gone.pk)
    return alice


def routes():
    """Yield every route of the admin: its name, which may be empty, and parameters."""

    def walk(patterns, names=()):
        for pattern in patterns:
            inner = (*names, *pattern.pattern.regex.groupindex)
            if isinstance(pattern, URLResolver):
                yield from walk(pattern.url_patterns, inner)
            else:
                yield pattern.name or "", inner

    (resolver,) = (
        one
        for one in get_resolver().url_patterns
        if getattr(one, "app_name", "") == "admin"
    )
    yield from walk(resolver.url_patterns)


def addresses(owner):
    """Yield every address of the admin that can be about the owner."""
    rows = [owner, *(model.objects.filter(owner=owner).first() for model in ROWS)]
    keys = [str(row.pk) for row in [*rows, TaskLabel.objects.get()]]
    types = ContentType.objects.all()
    for name, takes in routes():
        match name, takes:
            case "", ("object_id",):
                yield from (f"/admin/accounts/user/{key}/" for key in keys)
            case "", ("url",):
                yield from (f"/admin/{path}" for path in unregistered(keys))
            case "app_list", _:
                yield from (f"/admin/{one.app_label}/" for one in types)
            case _, ():
                yield reverse(f"admin:{name}")
            case _, ("object_id",):
                yield from (reverse(f"admin:{name}", args=[key]) for key in keys)
            case _, ("user_id",):
                yield reverse(f"admin:{name}", args=[owner.pk])
            case _, ("user_id", _):  # without a grant
                ids = [row.pk for row in rows[1:]]
                yield from (reverse(f"admin:{name}", args=[owner.pk, k]) for k in ids)
            case _:
                raise AssertionError(f"Say here how to call {name} with {takes}.")


def unregistered(keys):
    """Yield the addresses of models that are not registered; most answer 404."""
    for model in [*ROWS, TaskLabel, LogEntry]:
        base = f"{model._meta.app_label}/{model._meta.model_name}/"
        yield from (base, f"{base}add/")
        for key in keys:
            yield from (f"{base}{key}/{page}/" for page in ("change", "history"))
            yield f"{base}{key}/delete/"


def queries():
    """Yield queries that search, filter, sort or extend a list."""
    # A part of each word, because the search box repeats the search.
    yield from ({"q": marker[1:]} for marker in MARKERS)
    yield from ({"o": str(column)} for column in range(1, 12))
    yield from ({"all": ""}, {"_facets": "True"}, {"_popup": "1"}, {"e": "1"})
    yield from ({"is_active__exact": "1"}, {"is_staff__exact": "0"})
    yield {"delete_after__isempty": "1"}


def test_no_page_shows_a_text_of_the_owner(staff_browser, owner, sam):
    LogEntry.objects.log_actions(sam.pk, [owner], 2, "Deactivated.")
    answered = 0

    for address in dict.fromkeys(addresses(owner)):
        response = staff_browser.get(address, follow=True)
        answered += response.status_code == 200
        shown = response.text + str(response.redirect_chain)
        assert not [marker for marker in MARKERS if marker in shown], address

    assert answered > 10


def test_no_query_makes_a_list_show_a_text_of_the_owner(staff_browser, owner):
    lists = [
        reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        for model in admin.site._registry
    ]

    for address, question in product(lists, queries()):
        response = staff_browser.get(address, question)
        assert not [word for word in MARKERS if word in response.text], question


@pytest.mark.parametrize("marker", MARKERS)
def test_no_search_finds_an_account_by_its_texts(staff_browser, owner, marker):
    response = staff_browser.get(
        reverse("admin:accounts_user_changelist"), {"q": marker}
    )

    assert not response.context["cl"].result_list


@pytest.mark.parametrize(
    "question",
    [
        {"tasks__title__startswith": TITLE[:3]},
        {"tasks__notes__contains": NOTES},
        {"task_lists__name": LIST},
        {"labels__name": LABEL},
        {"labels__key__gte": "a"},
        {"changes__before__title": FORMER},
        {"changes__after__icontains": TITLE},
        {"is_active__tasks__title": TITLE},
    ],
)
def test_no_filter_reveals_whether_a_text_exists(staff_browser, owner, question):
    response = staff_browser.get(reverse("admin:accounts_user_changelist"), question)

    assert response.status_code == 400 or not _answers(staff_browser, question)


def _answers(staff_browser, question):
    """Return whether the list differs between a matching filter and another."""
    url = reverse("admin:accounts_user_changelist")
    true = staff_browser.get(url, question, follow=True)
    false = staff_browser.get(url, dict.fromkeys(question, "zzz"), follow=True)
    return _found(true) != _found(false)


def _found(response):
    return response.context and list(response.context["cl"].result_list)


def test_no_filter_of_groups_reveals_whether_a_text_exists(page_as, owner):
    root = page_as(UserFactory(is_staff=True, is_superuser=True))

    response = root.get(
        reverse("admin:auth_group_changelist"), {"user__tasks__title": TITLE}
    )

    assert response.status_code == 400


@pytest.mark.parametrize("model", [*ROWS, User])
def test_autocompletion_offers_nothing(staff_browser, owner, model):
    for field in ("owner", "list", "parent", "labels", "groups"):
        response = staff_browser.get(
            reverse("admin:autocomplete"),
            {
                "term": "marker",
                "app_label": model._meta.app_label,
                "model_name": model._meta.model_name,
                "field_name": field,
            },
        )
        assert response.status_code == 403 or response.json()["results"] == []


@pytest.mark.parametrize("model", ROWS)
def test_no_representation_of_a_row_contains_its_text(owner, model):
    row = model.objects.filter(owner=owner).last()

    assert not [marker for marker in MARKERS if marker in f"{row} {row!r}"]
