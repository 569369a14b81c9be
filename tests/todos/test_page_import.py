"""Importing on the pages: choose a file, look at the report, import it once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from config.drafts import PAGE_OF, mark_of
from tests.changes import caller_of
from tests.factories import TaskFactory
from tests.signing_in import browser_of
from tests.threads import in_a_thread
from tests.todos.files import a_full_account, exported
from tests.todos.pages import ABSENT, asks_to_sign_in
from tests.todos.test_import_formats import EXPORTS
from todos import import_files
from todos.imports.formats import FORMATS
from todos.imports.kept import import_kept
from todos.models import Change, ImportFile, Task
from todos.pages.importing import ORIGINS

URL = reverse("todos:import")
TEXT_URL = reverse("todos:import-text")
TABLE = "Task name,Project,Due\nBuy milk,Home,2027-02-28\nCall mum,,not a date\n"
TODOIST = "TYPE,CONTENT,PRIORITY,INDENT\ntask,Pack,1,1\ntask,Socks,4,2\n"
CALENDAR = "BEGIN:VCALENDAR\r\nBEGIN:VTODO\r\nUID:1\r\nSUMMARY:Call\r\nEND:VTODO\r\n"
CALENDAR += "END:VCALENDAR\r\n"
TICKTICK = '"Date: 2026-11-01"\n"Folder Name","List Name","Title","Status"\n'
TICKTICK += '"","Home","Buy milk","0"\n'


def send(client, content, *, name="tasks.csv", **fields):
    content = content.encode() if isinstance(content, str) else content
    file = SimpleUploadedFile(name, content)
    return client.post(URL, {"file": file, "format": "", **fields})


def titles_of(user):
    return set(Task.objects.filter(owner=user).values_list("title", flat=True))


def test_a_file_is_looked_at_and_then_imported(page_as, alice):
    browser = page_as(alice)

    response = send(browser, TODOIST)

    assert response.status_code == 303
    assert not Task.objects.exists()
    report = browser.get(response.url).context["report"]
    assert (report["tasks"], report["steps"]) == (1, 1)
    assert [(one["name"], one["is_new"]) for one in report["lists"]] == [
        ("Inbox", False)
    ]

    done = browser.post(response.url, follow=True)

    assert titles_of(alice) == {"Pack", "Socks"}
    assert done.context["is_done"]
    batch = Change.objects.filter(entity_id__in=Task.objects.values("pk")).values(
        "batch"
    )
    assert {one["batch"] for one in batch} == {ImportFile.objects.get().batch}
    assert not ImportFile.objects.get().content


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("csv", TABLE),
        ("csv", "title\nBuy milk\n"),
        ("csv", "\ufefftitle;notes\nBuy milk;two".encode("utf-16")),
        ("todoist", TODOIST),
        ("ticktick", TICKTICK),
        ("ics", CALENDAR),
        ("google-tasks", EXPORTS["google-tasks"]),
        ("microsoft-todo", EXPORTS["microsoft-todo"]),
        ("vikunja", '[{"id": 1, "title": "Home", "tasks": [{"id": 2, "title": "A"}]}]'),
    ],
)
def test_a_format_is_recognised_by_its_content(page_as, alice, name, content):
    response = send(page_as(alice), content, name="file")

    assert response.status_code == 303
    assert ImportFile.objects.get().format == name


def test_an_export_of_another_account_is_recognised_and_imported(page_as, alice, bob):
    a_full_account(bob)
    browser = page_as(alice)

    response = send(browser, exported(bob))
    browser.post(response.url)

    assert ImportFile.objects.get().format == "json"
    assert titles_of(alice) == titles_of(bob)


def test_a_report_names_rows_with_their_tasks(page_as, alice):
    content = "title,due_date,colour\nBuy milk,2027-01-02,red\n,2027-01-02,red\n"
    content += "Call mum,someday,red\n"
    browser = page_as(alice)

    response = send(browser, content)
    page = browser.get(response.url).content.decode()

    assert "Row 3" in page
    assert "Row 4 “Call mum”" in " ".join(page.split())
    assert "Import without the rows with errors" in page
    browser.post(response.url, {"skip_errors": "on"})
    assert titles_of(alice) == {"Buy milk"}


def test_a_file_with_errors_is_not_imported_without_asking(page_as, alice):
    browser = page_as(alice)
    response = send(browser, "title,due_date\nBuy milk,\nCall mum,someday\n")

    browser.post(response.url)

    assert not Task.objects.exists()
    assert ImportFile.objects.get().content


def test_columns_are_guessed_by_their_titles(page_as, alice):
    browser = page_as(alice)
    table = "Task name,Project,Deadline,Tags\nBuy milk,Home,28.02.2027,errand\n"

    browser.post(send(browser, table).url)

    task = Task.objects.with_labels().get()
    assert (task.title, task.list.name, str(task.due_date), task.label_names) == (
        "Buy milk",
        "Home",
        "2027-02-28",
        ["errand"],
    )


def test_unknown_columns_can_be_chosen(page_as, alice):
    browser = page_as(alice)
    response = send(browser, "Was,Wann\nMilch kaufen,02/28/2027\n")
    assert browser.get(response.url).context["report"]["needs_columns"]
    fields = {"again": "on", "format": "csv", "dates": "mdy"}

    refused = browser.post(response.url, fields)
    assert refused.status_code == 200
    assert "column_title" in refused.context["form"].errors

    columns = {"column_title": "Was", "column_due_date": "Wann"}
    again = browser.post(response.url, {**fields, **columns})
    assert again.status_code == 303
    browser.post(response.url)

    task = Task.objects.get()
    assert (task.title, str(task.due_date)) == ("Milch kaufen", "2027-02-28")


def test_another_format_can_be_chosen(page_as, alice):
    browser = page_as(alice)
    response = send(browser, TODOIST, format="csv")

    browser.post(response.url, {"again": "on", "format": "todoist"})

    assert browser.get(response.url).context["report"]["steps"] == 1


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", "empty"),
        (b"%PDF-1.7", "PDF"),
        (b"PK\3\4" + b"xl/workbook" * 50, "Excel"),
        (b"{}", "not recognised"),
        (b'{"format":"ownlist","version":1', "truncated"),
        (b"[" * 5000, "not recognised"),
        (b"<html>", "not recognised"),
    ],
)
def test_a_wrong_file_is_refused_and_not_kept(page_as, alice, content, text):
    response = send(page_as(alice), content)

    assert response.status_code == 200
    assert text in str(response.context["file_form"].errors["file"])
    assert not ImportFile.objects.exists()


def test_a_large_file_is_refused(page_as, alice, monkeypatch):
    monkeypatch.setattr(settings, "IMPORT_MAX_BYTES", 10)

    response = send(page_as(alice), TABLE)

    assert "too large" in str(response.context["file_form"].errors)
    assert not ImportFile.objects.exists()


def test_control_characters_of_a_file_are_stored_and_shown_safely(page_as, alice):
    browser = page_as(alice)
    content = 'title,due_date,a\0b\n"<b>\0",x\0y,\n'

    response = send(browser, content, name="<b>\x01.csv")

    page = browser.get(response.url).content.decode()
    assert "\0" not in page
    assert "<b>" not in page.split("<main", 1)[1].split("</main", 1)[0]


def test_text_can_be_pasted(page_as, alice):
    browser = page_as(alice)

    response = browser.post(TEXT_URL, {"text": TODOIST, "format": ""})
    browser.post(response.url)

    assert titles_of(alice) == {"Pack", "Socks"}


def test_pasted_text_is_kept_until_the_user_has_signed_in_again(page_as, alice):
    fields = {"text": TODOIST, "format": "todoist", PAGE_OF: mark_of(alice)}
    visitor = Client()

    response = visitor.post(TEXT_URL, fields)
    assert asks_to_sign_in(response)
    visitor.force_login(alice, settings.AUTHENTICATION_BACKENDS[0])
    back = parse_qs(urlsplit(response.url).query)["next"][0]

    assert TODOIST.strip() in unescape(visitor.get(back).content.decode())


# --- Once -------------------------------------------------------------------------


def test_sending_the_form_twice_imports_once(page_as, alice):
    browser = page_as(alice)
    url = send(browser, "title\nBuy milk\n").url

    first, second = browser.post(url), browser.post(url)

    assert first.status_code == second.status_code == 303
    assert Task.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_requests_at_once_import_once(alice):
    browser = browser_of(alice)
    send(browser, "title\n" + "Buy milk\n" * 50)
    key = ImportFile.objects.get().key
    caller = caller_of(alice, timezone.now())

    with ThreadPoolExecutor(2) as pool:
        for running in [
            in_a_thread(pool, import_kept, caller, key=key, skip_errors=False)
            for _ in range(2)
        ]:
            assert running.result().imported_at

    assert Task.objects.count() == 50


def test_a_later_file_replaces_an_earlier_one(page_as, alice):
    browser = page_as(alice)
    earlier = send(browser, "title\nBuy milk\n").url
    later = send(browser, "title\nCall mum\n").url

    response = browser.post(earlier)

    assert "no longer here" in response.content.decode()
    assert not Task.objects.exists()
    browser.post(later)
    assert titles_of(alice) == {"Call mum"}


def test_the_import_is_undone_as_a_whole(page_as, alice):
    browser = page_as(alice)
    url = send(browser, "title,list\nBuy milk,Home\nCall mum,Home\n").url
    browser.post(url)
    page = browser.get(url).content.decode()
    undo = reverse("todos:undo", args=[ImportFile.objects.get().batch])
    assert f'action="{undo}"' in page

    browser.post(undo)

    assert not Task.objects.exists()
    assert [row.name for row in alice.task_lists.all()] == ["Inbox"]


# --- Bounds and isolation ---------------------------------------------------------


def test_a_file_is_kept_for_an_hour(page_as, alice, bob):
    browser = page_as(alice)
    url = send(browser, "title\nBuy milk\n").url
    ImportFile.objects.update(created_at=timezone.now() - timedelta(minutes=61))

    assert browser.get(url).status_code == 404
    send(page_as(bob), "title\nBuy milk\n")
    assert not ImportFile.objects.filter(owner=alice).exists()


def test_the_number_of_files_is_limited(page_as, alice, bob, monkeypatch):
    monkeypatch.setattr(import_files, "FILES_MAX", 1)
    send(page_as(alice), "title\nBuy milk\n")

    send(page_as(bob), "title\nBuy milk\n")

    assert ImportFile.objects.get().owner == bob


def test_a_file_of_another_user_does_not_exist(page_as, alice, bob):
    url = send(page_as(alice), "title\nBuy milk\n").url
    absent = reverse("todos:import-check", args=[ABSENT])

    for method in ("get", "post"):
        theirs = getattr(page_as(bob), method)(url)
        nobodys = getattr(page_as(bob), method)(absent)
        assert theirs.status_code == nobodys.status_code == 404
        assert "no longer here" in theirs.content.decode()
        assert "no longer here" in nobodys.content.decode()
    assert not Task.objects.exists()


def test_requires_a_sign_in_before_the_file_is_read(client):
    assert asks_to_sign_in(send(client, TODOIST))
    assert asks_to_sign_in(client.get(reverse("todos:import-check", args=[ABSENT])))


def test_requires_the_csrf_token(alice, page_as):
    browser = page_as(alice)
    browser.handler.enforce_csrf_checks = True

    assert send(browser, TODOIST).status_code == 403
    assert not ImportFile.objects.exists()


def test_imports_are_limited_by_user(page_as, alice, monkeypatch, one_rate_window):
    monkeypatch.setitem(settings.RATE_LIMITS, "import", (1, 3600))
    browser = page_as(alice)
    url = send(browser, "title\nBuy milk\n").url

    assert browser.post(url).status_code == 429


def test_reading_a_report_takes_few_queries(
    page_as, alice, django_assert_max_num_queries
):
    browser = page_as(alice)
    url = send(browser, "title,list\n" + "Buy milk,Home\n" * 200).url
    for _ in range(20):
        TaskFactory(owner=alice)
    browser.get(url)  # the first use of JSON asks the database what it supports

    with django_assert_max_num_queries(6):
        browser.get(url)


def test_every_format_says_where_its_file_comes_from():
    assert ORIGINS.keys() == FORMATS.keys()
