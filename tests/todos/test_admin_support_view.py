"""Staff see the tasks of a user who lets them look, and nothing of anyone else."""

from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse
from django.utils import timezone

from accounts import support
from accounts.models import SecurityEvent, SupportLook
from tests.factories import TaskFactory, TaskListFactory, UserFactory
from tests.support import join

SECRET = "Walnut cake for <i>Quentin</i>"
SHOWN = "Walnut cake for &lt;i&gt;Quentin&lt;/i&gt;"
NOTES = "[a link](https://example.com) **bold**"


@pytest.fixture
def cake(alice):
    parties = TaskListFactory(owner=alice, name="Parties")
    task = TaskFactory(
        owner=alice,
        list_id=parties.pk,
        title=SECRET,
        notes=NOTES,
        labels=["sweet"],
    )
    TaskFactory(owner=alice, parent_id=task.pk, title="Crack the nuts")
    return task


@pytest.fixture
def staff(page_as, sam):
    return page_as(join(sam))


def url(name, user, *ids):
    return reverse(f"admin:support_view{name}", args=[user.pk, *ids])


def pages_of(user, task):
    return [
        url("_lists", user),
        url("_list", user, task.list_id),
        url("_task", user, task.pk),
    ]


def opened(user, staff):
    now = timezone.now()
    grant = support.grant(user=user, minutes=15, reason="The cake is gone", at=now)
    code = support.code_of(grant)
    assert support.enter_code(staff=staff, user_id=user.pk, code=code, at=now)
    return grant


def test_leads_from_the_account_through_the_code_to_a_task(staff, alice, cake):
    grant = support.grant(
        user=alice, minutes=15, reason="The cake is gone", at=timezone.now()
    )
    code = support.code_of(grant)
    account = staff.get(reverse("admin:accounts_user_change", args=[alice.pk])).text
    assert url("", alice) in account
    assert "The cake" not in account + staff.get(url("", alice)).text

    wrong = staff.post(url("", alice), {"code": "1234"}).text
    lists = staff.post(
        url("", alice), {"code": f" {code[:4]} {code[4:]} "}, follow=True
    ).text
    tasks = staff.get(url("_list", alice, cake.list_id)).text
    task = staff.get(url("_task", alice, cake.pk)).text

    assert "This code opens nothing." in wrong
    assert "Parties" in lists
    assert "The cake is gone" in lists
    assert SHOWN in tasks
    for text in (SHOWN, "[a link](https://example.com) **bold**", "sweet", "Crack"):
        assert text in task
    until = f"{grant.expires_at:%H:%M} UTC"
    assert "You see this because alice@example.com allowed it until" in task
    assert until in task
    seen = grant.looks.order_by("pk").values_list("page", "object_id")
    assert list(seen) == [("lists", None), ("list", cake.list_id), ("task", cake.pk)]


def test_nothing_can_be_changed_on_it(staff, sam, alice, cake):
    opened(alice, sam)

    for page in pages_of(alice, cake):
        shown = staff.get(page).text.partition('id="content"')[2]
        assert "<form" not in shown
        assert "https://example.com" not in shown.replace(NOTES, "")


def test_is_closed_without_a_view_with_a_kind_text(staff, alice, cake):
    for page in pages_of(alice, cake):
        response = staff.get(page)

        assert response.status_code == 403
        assert "ask the user for a new code" in response.text
        assert "Walnut" not in response.text


def test_is_closed_when_the_view_has_ended_between_two_pages(staff, sam, alice, cake):
    opened(alice, sam)
    page = url("_task", alice, cake.pk)
    assert staff.get(page).status_code == 200

    support.end(user=alice, at=timezone.now())

    assert staff.get(page).status_code == 403


def test_is_closed_when_its_time_is_over(staff, sam, alice, cake):
    grant = opened(alice, sam)
    alice.support_grants.update(expires_at=timezone.now() - timedelta(seconds=1))

    assert staff.get(url("_task", alice, cake.pk)).status_code == 403
    assert not grant.looks.exists()


def test_shows_nothing_of_anyone_else(staff, sam, alice, bob, cake):
    opened(bob, sam)

    for page in pages_of(bob, cake)[1:]:  # ids of Alice, as if they were Bob's
        assert staff.get(page).status_code == 404
    for page in pages_of(alice, cake):
        assert staff.get(page).status_code == 403
    assert not SupportLook.objects.exists()


def test_is_not_for_a_colleague(page_as, sam, alice, cake):
    join(sam)
    opened(alice, sam)
    colleague = page_as(join(UserFactory(is_staff=True)))

    assert [colleague.get(page).status_code for page in pages_of(alice, cake)] == [
        *(403, 403, 403)
    ]


def test_is_not_for_oneself_nor_without_the_permission(page_as, staff, sam, cake):
    now = timezone.now()
    own = support.grant(user=sam, minutes=15, reason="Test", at=now)
    code = {"code": support.code_of(own)}
    untrained = page_as(UserFactory(is_staff=True))

    assert staff.post(url("", sam), code).status_code == 403
    assert untrained.get(url("", cake.owner)).status_code == 403


def test_the_permission_is_read_at_each_request(staff, sam, alice, cake):
    opened(alice, sam)
    page = url("_task", alice, cake.pk)
    assert staff.get(page).status_code == 200

    sam.groups.clear()

    assert staff.get(page).status_code == 403


def test_leaves_the_text_in_no_log_history_or_event(staff, sam, alice, cake, caplog):
    caplog.set_level("DEBUG")
    opened(alice, sam)
    for page in pages_of(alice, cake):
        staff.get(page)

    recorded = str(list(SecurityEvent.objects.values()))
    recorded += str(list(SupportLook.objects.values()))
    recorded += caplog.text
    for text in ("Walnut", "Parties", "sweet", "The cake is gone"):
        assert text not in recorded
    assert not LogEntry.objects.exists()


def test_is_kept_by_no_browser(staff, sam, alice, cake):
    opened(alice, sam)

    response = staff.get(url("_task", alice, cake.pk))

    assert "no-store" in response["Cache-Control"]


def test_shows_a_long_list_in_pages(staff, sam, alice, monkeypatch):
    monkeypatch.setattr("todos.admin.support_view.TASKS_SHOWN", 2)
    home = TaskListFactory(owner=alice)
    for number in range(3):
        TaskFactory(owner=alice, list_id=home.pk, title=f"Number {number}")
    opened(alice, sam)
    page = url("_list", alice, home.pk)

    first, second = staff.get(page).text, staff.get(f"{page}?page=2").text

    assert "Number 1" in first
    assert "Number 2" not in first
    assert "Number 2" in second
    assert staff.get(f"{page}?page={'9' * 5000}").status_code == 200
