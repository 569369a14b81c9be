from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import Group, Permission
from django.urls import reverse
from django.utils import timezone

from accounts import events, tokens
from accounts.models import SecurityEvent, User
from tests import support
from tests.factories import UserFactory


@pytest.fixture
def support_browser(page_as, sam):
    """Sam's browser, with the permissions of support."""
    return page_as(support.join(sam))


@pytest.fixture
def root(db):
    """A superuser."""
    return UserFactory(email="root@example.com", is_staff=True, is_superuser=True)


def page_of(user):
    return reverse("admin:accounts_user_change", args=[user.pk])


def test_shows_state_dates_and_calendar(support_browser, alice):
    tokens.start_family(user=alice, at=datetime(2026, 5, 6, 7, 8, tzinfo=UTC))
    User.objects.filter(pk=alice.pk).update(
        timezone="Europe/Berlin", delete_after="2027-01-02T03:04:05Z"
    )

    text = support_browser.get(page_of(alice)).text

    assert alice.email in text
    assert str(alice.pk) in text
    assert "Europe/Berlin" in text
    assert "2027-01-02 03:04" in text
    assert "2026-05-06" in text


def test_counts_only_live_sessions_by_token(support_browser, alice):
    now = timezone.now()
    tokens.start_family(user=alice, at=now)
    tokens.start_family(user=alice, at=now - timedelta(days=100))
    alice.refresh_families.create(
        epoch=9, created_at=now, refreshed_at=now, expires_at=now + timedelta(days=1)
    )

    account = support_browser.get(page_of(alice)).context["original"]

    assert account.token_count == 1


def test_shows_the_last_fifty_security_events_and_who_did_them(
    support_browser, sam, alice
):
    for minute in range(60):
        events.record(
            alice,
            SecurityEvent.Kind.SIGNED_IN,
            at=timezone.now() - timedelta(minutes=minute + 1),
        )
    events.record(alice, SecurityEvent.Kind.DEACTIVATED, at=timezone.now(), by=sam)

    response = support_browser.get(page_of(alice))

    shown = list(response.context["security_events"])
    assert len(shown) == 50
    assert shown[0].kind == SecurityEvent.Kind.DEACTIVATED
    assert sam.email in response.text


def test_shows_no_events_of_another_account(support_browser, alice, bob):
    events.record(bob, SecurityEvent.Kind.SIGNED_IN, at=timezone.now())

    assert not support_browser.get(page_of(alice)).context["security_events"]


@pytest.mark.parametrize("form", ["POST as support", "POST as superuser"])
def test_nobody_edits_address_password_or_rights(page_as, sam, root, alice, form):
    staff = support.join(sam) if form == "POST as support" else root
    before = User.objects.values().get(pk=alice.pk)
    permission = Permission.objects.first()

    page_as(staff).post(
        page_of(alice),
        {
            "email": "mallory@example.com",
            "address": "mallory@example.com",
            "password": "pwned",
            "is_active": "",
            "is_superuser": "on",
            "credential_epoch": "7",
            "timezone": "Europe/Paris",
            "user_permissions": [str(permission.pk)],
        },
    )

    after = User.objects.values().get(pk=alice.pk)
    assert before | {"updated_at": after["updated_at"]} == after
    assert not alice.user_permissions.exists()


def test_support_cannot_change_an_account_by_form(support_browser, sam, alice):
    group = Group.objects.get(name="support")

    for user in (alice, sam):
        response = support_browser.post(
            page_of(user), {"is_staff": "on", "groups": [group.pk]}
        )
        assert response.status_code == 403

    alice.refresh_from_db()
    assert not alice.is_staff
    assert not alice.groups.exists()


def test_a_superuser_makes_a_user_support_staff(page_as, root, alice):
    support.join(UserFactory())
    group = Group.objects.get(name="support")

    page_as(root).post(page_of(alice), {"is_staff": "on", "groups": [group.pk]})

    alice.refresh_from_db()
    assert alice.is_staff
    assert list(alice.groups.all()) == [group]
    assert not alice.is_superuser


def test_what_changes_the_rights_of_staff_is_recorded_for_them(
    page_as, root, alice, sam
):
    browser, group = page_as(root), support.join(sam).groups.get()
    list_of_groups = reverse("admin:auth_group_changelist")
    form = reverse("admin:auth_group_change", args=[group.pk])
    kept = [one.pk for one in group.permissions.all()]
    changes = (
        (page_of(alice), {"is_staff": "on"}),
        (page_of(alice), {"is_staff": "on", "groups": [group.pk]}),
        (page_of(alice), {"is_staff": "on", "groups": [group.pk]}),  # changes nothing
        (form, {"name": "helpers", "permissions": kept}),  # changes no right
        (form, {"name": "helpers", "permissions": kept[1:]}),
        (page_of(alice), {"groups": [group.pk]}),
        (
            list_of_groups,
            {
                "action": "delete_selected",
                "_selected_action": [group.pk],
                "post": "yes",
            },
        ),
    )

    for path, fields in changes:
        assert browser.post(path, fields).status_code == 303

    def recorded(user):
        found = user.security_events.filter(kind="staff_changed").order_by("number")
        return [(event.about, event.by_id) for event in found]

    of_group = ("permissions of a group", root.pk)
    assert recorded(alice) == [
        ("made staff", root.pk),
        ("groups", root.pk),
        of_group,
        ("no longer staff", root.pk),
        of_group,
    ]
    assert recorded(sam) == [of_group, of_group]


def test_a_superuser_cannot_take_their_own_rights_away(page_as, root):
    page_as(root).post(page_of(root), {})

    root.refresh_from_db()
    assert root.is_staff


def test_names_the_fields_in_plain_words(support_browser, page_as, root, alice):
    for browser in (support_browser, page_as(root)):
        page = browser.get(page_of(alice)).content.decode()

        for caption in ("Staff:", "Superuser:", "Time zone:"):
            assert caption in page.replace("</label>", ":").replace("::", ":")
        assert "Is staff" not in page
        assert "Set when the user requests deletion" in page


def test_offers_the_applicable_actions(support_browser, alice, bob):
    User.objects.filter(pk=bob.pk).update(is_active=False)

    def offered(user):
        return [
            label
            for label, _ in support_browser.get(page_of(user)).context[
                "support_actions"
            ]
        ]

    assert offered(alice) == [
        "Deactivate",
        "Send password-reset e-mail",
        "Sign out everywhere",
        "Look at tasks",
    ]
    assert offered(bob) == ["Reactivate"]


def test_offers_support_no_action_for_staff_and_themselves(support_browser, sam, root):
    for user in (sam, root):
        assert not support_browser.get(page_of(user)).context["support_actions"]


@pytest.mark.parametrize("key", ["nonsense", "00000000-0000-0000-0000-000000000000"])
def test_an_unknown_id_redirects_to_the_index(support_browser, key):
    response = support_browser.get(reverse("admin:accounts_user_change", args=[key]))

    assert response["Location"] == reverse("admin:index")
