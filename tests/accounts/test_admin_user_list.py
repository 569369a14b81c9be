import re

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from tests import support
from tests.factories import UserFactory

LIST = reverse("admin:accounts_user_changelist")


@pytest.fixture
def support_browser(page_as, sam):
    """Sam's browser, with the permissions of support."""
    return page_as(support.join(sam))


def found(response):
    return {user.email for user in response.context["cl"].result_list}


@pytest.mark.parametrize(
    "words", ["alice@example.com", "ALICE@Example.com", " alice ", "lice@ex"]
)
def test_finds_an_account_by_its_address_or_a_part_of_it(
    support_browser, alice, bob, words
):
    response = support_browser.get(LIST, {"q": words})

    assert found(response) == {alice.email}


def test_finds_an_account_by_its_id(support_browser, alice, bob):
    response = support_browser.get(LIST, {"q": str(bob.pk)})

    assert found(response) == {bob.email}


@pytest.mark.parametrize(
    "words",
    ["nobody", "5c1f3d0e-6a54-4f0a-9b1c-3a2b1c0d9e8f", "\x00", "%", "'", "Alice "],
)
def test_finds_nothing_without_failing(support_browser, bob, words):
    response = support_browser.get(LIST, {"q": words})

    assert response.status_code == 200
    assert bob.email not in found(response) or words == "\x00"


@pytest.mark.parametrize("is_verified", [True, False])
def test_tells_a_verified_address_from_an_unverified_one(
    support_browser, alice, is_verified
):
    alice.emailaddress_set.update(verified=is_verified)

    row = support_browser.get(LIST, {"q": alice.email}).context["cl"].result_list[0]

    assert row.is_verified is is_verified


@pytest.mark.parametrize("column", range(1, 8))
def test_sorts_by_what_it_shows(support_browser, alice, bob, column):
    response = support_browser.get(LIST, {"o": f"-{column}"})

    assert len(found(response)) == 3


def test_names_filters_and_columns_in_plain_words(support_browser):
    page = support_browser.get(LIST)

    titles = re.findall(r"<summary>(.*?)</summary>", page.text)
    assert titles == ["Active", "Staff", "Deletion date"]
    assert "Deletion requested" in page.text
    assert "Is staff" not in page.text


def test_filters_by_state(support_browser, alice, bob):
    User.objects.filter(pk=bob.pk).update(is_active=False, delete_after=timezone.now())

    assert found(support_browser.get(LIST, {"is_active__exact": 0})) == {bob.email}
    assert found(support_browser.get(LIST, {"delete_after__isempty": 0})) == {bob.email}
    assert found(support_browser.get(LIST, {"is_staff__exact": 1})) == {
        "sam@example.com"
    }


@pytest.mark.parametrize(
    "column", ["password", "display_name", "credential_epoch", "last_login", "email"]
)
def test_filters_by_no_other_column(support_browser, alice, column):
    response = support_browser.get(LIST, {f"{column}__startswith": "a"})

    assert response.status_code == 400


def test_the_number_of_queries_does_not_grow_with_the_accounts(
    support_browser, alice, django_assert_max_num_queries
):
    UserFactory.create_batch(10)

    with django_assert_max_num_queries(9):
        response = support_browser.get(LIST)

    assert len(response.context["cl"].result_list) == 12


def test_registers_nothing_but_accounts_and_groups():
    assert set(admin.site._registry) == {User, Group}


@pytest.mark.parametrize("name", ["add", "delete"])
@pytest.mark.parametrize("is_superuser", [False, True])
def test_accounts_are_neither_created_nor_deleted_in_the_admin(
    page_as, sam, alice, name, is_superuser
):
    sam.is_superuser = is_superuser
    sam.save()
    args = [alice.pk] if name == "delete" else []
    url = reverse(f"admin:accounts_user_{name}", args=args)
    client = page_as(support.join(sam))

    assert client.get(url).status_code == 403
    assert client.post(url, {"post": "yes"}).status_code == 403
    assert User.objects.filter(pk=alice.pk).exists()


def test_groups_are_for_superusers(page_as, support_browser):
    url = reverse("admin:auth_group_changelist")
    root = UserFactory(is_staff=True, is_superuser=True)

    assert support_browser.get(url).status_code == 403
    assert page_as(root).get(url).status_code == 200


def test_staff_without_the_group_see_no_account(page_as, sam):
    assert page_as(sam).get(LIST).status_code == 403
