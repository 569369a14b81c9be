"""The support actions, on the page of an account and in the list."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.urls import reverse
from django.utils import timezone

from accounts import credentials, leaving, tokens
from accounts.admin import support_actions
from accounts.models import DELETION_STARTED, SecurityEvent, User
from tests import support
from tests.factories import PASSWORD, UserFactory
from tests.signing_in import with_app

LIST = reverse("admin:accounts_user_changelist")
ME = reverse("api:me")
REFRESH = reverse("api:token-refresh")

ACTIONS = {
    "deactivate": (SecurityEvent.Kind.DEACTIVATED, "Deactivated."),
    "reactivate": (SecurityEvent.Kind.REACTIVATED, "Reactivated."),
    "send-password-reset": (
        SecurityEvent.Kind.RESET_REQUESTED,
        "Password-reset e-mail sent.",
    ),
    "sign-out-everywhere": (
        SecurityEvent.Kind.SIGNED_OUT_EVERYWHERE,
        "Signed out everywhere.",
    ),
}
every_action = pytest.mark.parametrize("name", ACTIONS)
ending_action = pytest.mark.parametrize("name", ["deactivate", "sign-out-everywhere"])


@pytest.fixture
def support_browser(page_as, sam):
    """Sam's browser, with the permissions of support."""
    return page_as(support.join(sam))


@pytest.fixture
def root(db):
    """A superuser."""
    return UserFactory(email="root@example.com", is_staff=True, is_superuser=True)


def url_of(name, user):
    return reverse(f"admin:accounts_user_{name}", args=[user.pk])


def page_of(user):
    return reverse("admin:accounts_user_change", args=[user.pk])


def ready_for(name, user):
    """Bring the account into the state that the action is for."""
    if name == "reactivate":
        credentials.deactivate(user=user, at=timezone.now())
        user.security_events.all().delete()
    return user


def trail():
    """Everything an action could leave behind."""
    return (
        list(LogEntry.objects.values_list("pk", flat=True)),
        list(SecurityEvent.objects.order_by("pk").values_list("pk", flat=True)),
        list(
            User.objects.order_by("pk").values_list(
                "pk", "is_active", "credential_epoch", "password"
            )
        ),
    )


# --- Deletion -----------------------------------------------------------------------


def test_a_superuser_deletes_an_account_as_its_user_would(page_as, root, alice, sam):
    url = url_of("request-deletion", alice)
    staff = page_as(support.join(sam))
    assert staff.post(url).status_code == 403

    page_as(root).post(url)

    alice.refresh_from_db()
    assert alice.is_leaving
    left = alice.delete_after - timezone.now()
    assert timedelta(days=6) < left <= credentials.DELETION_GRACE
    event = alice.security_events.get(kind=SecurityEvent.Kind.DELETION_REQUESTED)
    assert event.by == root
    [entry] = LogEntry.objects.all()
    assert entry.change_message == "Deletion requested."


@pytest.mark.database
def test_an_account_that_waits_for_its_deletion_can_be_locked(
    support_browser, sam, alice, client, mailoutbox, django_capture_on_commit_callbacks
):
    now = timezone.now()
    credentials.request_deletion(user=alice, at=now)
    kept = leaving.url_to_keep(User.objects.get(pk=alice.pk))

    with django_capture_on_commit_callbacks(execute=True):
        response = support_browser.post(url_of("deactivate", alice), follow=True)

    assert "Deactivated." in response.text
    assert "its requested deletion was cancelled" in " ".join(
        mailoutbox[-1].body.split()
    )
    alice.refresh_from_db()
    assert not alice.is_active and not alice.is_leaving
    assert alice.delete_after is None
    event = alice.security_events.latest("number")
    assert (event.kind, event.by) == (SecurityEvent.Kind.DEACTIVATED, sam)
    assert event.about == "deletion cancelled"
    # Neither the link of the mail nor the password leads to the account any more.
    client.post(kept)
    client.post(reverse("account_login"), {"login": alice.email, "password": PASSWORD})
    assert not User.objects.get(pk=alice.pk).is_active
    assert client.get(reverse(leaving.PAGE)).status_code == 302
    credentials.reactivate(user=alice, at=now, by=sam)
    assert User.objects.get(pk=alice.pk).is_active


def test_an_account_that_another_member_of_staff_has_just_locked_stays_locked(
    page_as, root, alice, sam, monkeypatch
):
    def lock(staff, user):
        current = User.objects.get(pk=user.pk)
        credentials.deactivate(user=current, at=timezone.now(), by=sam)
        return True

    client = page_as(root)
    monkeypatch.setattr(support_actions, "may_act_on", lock)

    response = client.post(url_of("request-deletion", alice), follow=True)

    assert "changed by others meanwhile" in response.text
    assert "Deletion requested." not in response.text
    alice.refresh_from_db()
    assert not alice.is_active and not alice.is_leaving
    assert not LogEntry.objects.exists()


def test_an_account_whose_deletion_has_begun_cannot_be_locked(support_browser, alice):
    User.objects.filter(pk=alice.pk).update(
        is_active=False, delete_after=DELETION_STARTED
    )

    response = support_browser.post(url_of("deactivate", alice), follow=True)

    assert "the state of the account forbids it" in response.text
    credentials.deactivate(user=alice, at=timezone.now())
    assert User.objects.get(pk=alice.pk).delete_after == DELETION_STARTED


# --- It works -----------------------------------------------------------------------


@every_action
def test_is_recorded_with_who_did_it_and_without_an_address(
    support_browser, sam, alice, name
):
    kind, record = ACTIONS[name]
    ready_for(name, alice)

    response = support_browser.post(url_of(name, alice))

    event = alice.security_events.get()
    entry = LogEntry.objects.get()
    assert response["Location"] == page_of(alice)
    assert (event.kind, event.by) == (kind, sam)
    assert (entry.user, entry.action_flag) == (sam, CHANGE)
    assert (entry.object_id, entry.object_repr) == (str(alice.pk), f"user {alice.pk}")
    assert entry.get_change_message() == record
    assert alice.email not in str(vars(entry)) + str(vars(event))


@every_action
def test_asks_before_it_does_anything(support_browser, alice, name):
    ready_for(name, alice)
    before = trail()

    response = support_browser.get(url_of(name, alice))

    assert response.status_code == 200
    assert alice.email in response.text
    assert trail() == before


def test_deactivating_locks_the_account(support_browser, alice, client):
    support_browser.post(url_of("deactivate", alice))

    alice.refresh_from_db()
    assert not alice.is_active
    assert not client.login(email=alice.email, password=PASSWORD)


def test_reactivating_lets_the_user_sign_in_and_cancels_a_deletion(
    support_browser, alice, client
):
    credentials.request_deletion(user=alice, at=timezone.now())

    support_browser.post(url_of("reactivate", alice))

    alice.refresh_from_db()
    assert alice.is_active
    assert alice.delete_after is None
    assert client.login(email=alice.email, password=PASSWORD)


@ending_action
def test_ends_sessions_and_tokens_permanently(
    support_browser, page_as, api, alice, name
):
    pair = tokens.start_family(user=alice, at=timezone.now())
    browser = page_as(alice)
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {pair.access}")
    assert api.get(ME).status_code == 200
    assert browser.get(ME).status_code == 200

    support_browser.post(url_of(name, alice))

    def assert_dead():
        assert api.get(ME).status_code == 401
        assert api.post(REFRESH, {"refresh": pair.refresh}).status_code == 401
        assert browser.get(ME).status_code == 401

    assert_dead()
    if name == "deactivate":
        support_browser.post(url_of("reactivate", alice))
        assert_dead()


def test_the_mail_is_ours_and_leads_to_the_public_address(
    support_browser, alice, mailoutbox, settings, client
):
    support_browser.post(
        url_of("send-password-reset", alice), headers={"host": "localhost"}
    )

    [mail] = mailoutbox
    link = re.search(r"https?://\S+/reset/\S+", mail.body)[0]
    assert mail.to == [alice.email]
    assert link.startswith(settings.BASE_URL)
    response = client.get(link.removeprefix(settings.BASE_URL), follow=True)
    assert "password1" in response.text


def test_signing_out_keeps_the_password(support_browser, alice, client):
    support_browser.post(url_of("sign-out-everywhere", alice))

    assert client.login(email=alice.email, password=PASSWORD)


@every_action
def test_a_superuser_may_do_it_to_staff(page_as, root, sam, name):
    ready_for(name, sam)

    page_as(root).post(url_of(name, sam))

    assert sam.security_events.get().by == root


# --- It is refused ------------------------------------------------------------------


@every_action
@pytest.mark.parametrize("method", ["get", "post"])
def test_sends_an_anonymous_caller_to_sign_in(client, alice, name, method):
    ready_for(name, alice)
    before = trail()

    response = getattr(client, method)(url_of(name, alice))

    assert response["Location"].startswith(reverse("account_login"))
    assert trail() == before


@every_action
@pytest.mark.parametrize("method", ["get", "post"])
def test_refuses_users_who_are_not_staff(page_as, alice, bob, name, method):
    ready_for(name, alice)
    client = page_as(bob)
    before = trail()

    response = getattr(client, method)(url_of(name, alice), follow=True)

    assert response.status_code == 403
    assert trail() == before


@every_action
@pytest.mark.parametrize("method", ["get", "post"])
def test_refuses_staff_without_the_permission(page_as, sam, alice, name, method):
    ready_for(name, alice)
    client = page_as(sam)
    before = trail()

    response = getattr(client, method)(url_of(name, alice))

    assert response.status_code == 403
    assert trail() == before


@every_action
@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize(
    "flags", [{"is_staff": True}, {"is_superuser": True, "is_staff": False}]
)
def test_refuses_support_acting_on_staff(support_browser, name, method, flags):
    colleague = ready_for(name, UserFactory(**flags))
    before = trail()

    response = getattr(support_browser, method)(url_of(name, colleague))

    assert response.status_code == 403
    assert trail() == before


@pytest.mark.parametrize("name", [name for name in ACTIONS if name != "reactivate"])
@pytest.mark.parametrize("is_superuser", [False, True])
def test_refuses_actions_on_the_own_account(page_as, sam, name, is_superuser):
    sam.is_superuser = is_superuser
    sam.save()
    client = page_as(support.join(sam))
    before = trail()

    assert client.post(url_of(name, sam)).status_code == 403
    assert trail() == before


@pytest.mark.parametrize(
    ("name", "is_active", "email"),
    [
        ("deactivate", False, "a@example.com"),
        ("reactivate", True, "a@example.com"),
        ("sign-out-everywhere", False, "a@example.com"),
        ("send-password-reset", False, "a@example.com"),
        ("send-password-reset", True, None),
    ],
)
@pytest.mark.parametrize("method", ["get", "post"])
def test_does_nothing_if_the_state_forbids_it(
    support_browser, mailoutbox, name, is_active, email, method
):
    user = UserFactory(email=email, is_active=is_active)
    before = trail()

    response = getattr(support_browser, method)(url_of(name, user), follow=True)

    assert "the state of the account forbids it" in response.text
    assert trail() == before
    assert not mailoutbox


@every_action
def test_knows_no_account_of_another_id(support_browser, name):
    url = reverse(f"admin:accounts_user_{name}", args=[uuid4()])

    assert support_browser.post(url).status_code == 404


@every_action
def test_refuses_a_form_of_another_site(page_as, sam, alice, name):
    ready_for(name, alice)
    support_browser = page_as(support.join(sam))
    support_browser.handler.enforce_csrf_checks = True
    before = trail()

    assert support_browser.post(url_of(name, alice)).status_code == 403
    assert trail() == before


def test_a_mail_that_cannot_be_sent_leaves_no_record(support_browser, alice, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    before = trail()

    response = support_browser.post(url_of("send-password-reset", alice))

    assert response.status_code == 503
    assert trail() == before


# --- For several accounts -----------------------------------------------------------


def selection(name, *users, **more):
    return {"action": name, "_selected_action": [str(u.pk) for u in users], **more}


@every_action
def test_asks_before_it_acts_on_several(support_browser, alice, bob, name):
    for user in (alice, bob):
        ready_for(name, user)
    before = trail()

    response = support_browser.post(LIST, selection(name, alice, bob))

    assert alice.email in response.text
    assert bob.email in response.text
    assert trail() == before


@every_action
def test_acts_on_several_and_records_each(support_browser, sam, alice, bob, name):
    for user in (alice, bob):
        ready_for(name, user)

    support_browser.post(LIST, selection(name, alice, bob, confirmed="yes"))

    for user in (alice, bob):
        event = user.security_events.get()
        assert (event.kind, event.by) == (ACTIONS[name][0], sam)
        assert LogEntry.objects.filter(object_id=str(user.pk), user=sam).count() == 1


@every_action
def test_acts_on_no_account_if_one_is_staff(support_browser, alice, name, root):
    ready_for(name, alice)
    ready_for(name, root)
    before = trail()

    response = support_browser.post(
        LIST, selection(name, alice, root, confirmed="yes"), follow=True
    )

    assert "nothing was done" in response.text
    assert trail() == before


@every_action
def test_acts_on_no_account_without_the_permission(page_as, sam, alice, name):
    ready_for(name, alice)
    support.join(sam)
    group = sam.groups.get()
    group.permissions.remove(*group.permissions.exclude(codename="view_user"))
    client = page_as(sam)
    before = trail()

    client.post(LIST, selection(name, alice, confirmed="yes"))

    assert trail() == before


def test_acts_on_no_more_than_a_page_at_once(support_browser):
    users = UserFactory.create_batch(51)
    before = trail()

    response = support_browser.post(
        LIST, selection("deactivate", *users, confirmed="yes"), follow=True
    )

    assert "at most 50" in response.text
    assert trail() == before


def test_does_not_offer_the_delete_action_of_django(page_as, root, alice):
    page_as(root).post(LIST, selection("delete_selected", alice, post="yes"))

    assert User.objects.filter(pk=alice.pk).exists()


def test_only_a_superuser_resets_the_second_step_and_says_why(
    page_as, root, support_browser, alice
):
    with_app(alice, at=timezone.now())
    url, browser = url_of("reset-second-step", alice), page_as(root)
    assert support_browser.post(url, {"reason": "x"}).status_code == 403

    unexplained = browser.post(url, {"reason": " "})
    alice.refresh_from_db()
    assert "Enter a reason." in unexplained.text and alice.has_factor
    epoch = alice.credential_epoch
    browser.post(url, {"reason": "Lost phone, known by voice"})

    alice.refresh_from_db()
    assert not alice.has_factor
    assert alice.credential_epoch == epoch + 1
    event = alice.security_events.get(kind=SecurityEvent.Kind.FACTOR_REMOVED)
    assert event.about == "all"
    entry = LogEntry.objects.get(object_id=str(alice.pk))
    assert entry.change_message == "Second step reset. Lost phone, known by voice"
