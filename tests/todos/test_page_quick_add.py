"""Quick add on the pages: the bar, `/add`, its toast and its preview."""

import re
from datetime import date
from urllib.parse import unquote

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone

from config.toasts import actions_of
from tests.changes import caller_of
from tests.factories import TaskFactory, TaskListFactory
from tests.todos.pages import ABSENT, asks_to_sign_in, kinds
from todos import actions
from todos.actions.quick_lines import Defaults
from todos.models import Label, Task, TaskList

pytestmark = pytest.mark.any_database

URL = reverse("todos:quick-add")
ADD = reverse("todos:add")
PREVIEW = reverse("todos:quick-preview")
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def today():
    return timezone.now().date()  # her time zone is UTC


@pytest.fixture
def client(page_as, alice):
    return page_as(alice)


@pytest.fixture
def home(alice):
    return TaskListFactory(owner=alice, name="Home")


def add(client, text, **fields):
    """Send the bar and follow; return the toast that the next page shows."""
    response = client.post(URL, {"text": text, **fields}, follow=True)
    assert response.redirect_chain, response.context["quick"].errors
    [message] = response.context["messages"]
    return message


def press(client, toast, label):
    """Press a button of a toast; return the toast that follows."""
    [action] = [one for one in actions_of(toast) if one.label.startswith(label)]
    assert action.is_form
    response = client.post(action.path, action.fields, follow=True)
    [message] = response.context["messages"]
    return message


# --- Adding and its toast ---


def test_reads_the_line_and_says_what_was_understood(client, home):
    toast = add(client, "Pay rent tomorrow 9am every day #home p1 @money remind:1h")

    task = Task.objects.with_labels().get()
    assert (task.title, task.list, task.label_names) == ("Pay rent", home, ["money"])
    assert str(toast) == (
        "Added: Pay rent — tomorrow 09:00, every day, reminder 1 hour before,"
        " Home, urgent, @money"
    )


def test_returns_to_the_bar_of_the_page(client, home):
    here = reverse("todos:list-detail", args=[home.pk])
    page = client.get(here).content.decode()
    onward = re.search(r'name="next" value="([^"]*#quick-add-line)"', page)[1]

    response = client.post(URL, {"text": "Buy milk", "next": onward})

    assert (response.status_code, response.url) == (303, f"{here}#quick-add-line")


def test_links_to_the_details_and_undoes_the_batch(client, alice):
    toast = add(client, "Buy milk @shop", next="/inbox/?upto=100#quick-add-line")
    task = Task.objects.get()
    undo, edit, *_ = actions_of(toast)

    assert edit.path == f"/inbox/?upto=100&task={task.pk}"
    client.post(undo.path)
    assert not Task.objects.exists()
    assert not Label.objects.exists()


def test_keeps_the_line_as_text_and_undoes_that_too(client, alice, home):
    day = today()
    here = {"next": "/", "due_date": day.isoformat(), "list": str(home.pk)}
    toast = add(client, "Read \\tomorrow p1 @shop", **here)
    first = Task.objects.get()

    again = press(client, toast, "Keep as text")

    task = Task.objects.with_labels().get()
    assert str(again) == "Added: Read \\tomorrow p1 @shop"
    assert (task.title, task.priority) == ("Read \\tomorrow p1 @shop", 3)
    assert (task.due_date, task.list, task.label_names) == (day, home, [])
    press(client, again, "Undo")
    assert [row.pk for row in Task.objects.all()] == [first.pk]
    assert Task.objects.with_labels().get().label_names == ["shop"]


def test_says_why_the_line_can_no_longer_be_kept_as_text(client, alice):
    toast = add(client, "Buy milk p1")
    task = Task.objects.get()
    changes = {"title": "Buy bread"}
    actions.update_task(caller_of(alice), task_id=task.pk, changes=changes)

    again = press(client, toast, "Keep as text")

    assert "can no longer be undone" in str(again)
    assert Task.objects.get().title == "Buy bread"


def test_pressing_twice_keeps_the_line_once(client):
    toast = add(client, "Buy milk p1")

    press(client, toast, "Keep as text")
    again = press(client, toast, "Keep as text")

    assert str(again) == "This has already been undone."
    assert Task.objects.get().title == "Buy milk p1"


def test_offers_to_create_an_unknown_list(client, alice):
    toast = add(client, "Sow peas #garden #garden")
    assert Task.objects.get().title == "Sow peas #garden #garden"

    again = press(client, toast, "Create list “garden”")

    garden = TaskList.objects.get(name="garden")
    assert Task.objects.get().list == garden
    assert str(again) == "Added: Sow peas #garden — garden"
    press(client, again, "Undo")
    assert not TaskList.objects.filter(name="garden").exists()
    assert Task.objects.get().title == "Sow peas #garden #garden"


def test_says_how_many_lines_were_added(client, alice):
    toast = add(client, "One p1\r\n\r\nTwo\r\nThree @a")

    assert str(toast) == "Added 3 tasks"
    assert [action.label for action in actions_of(toast)] == ["Undo"]
    press(client, toast, "Undo")
    assert not Task.objects.exists()


# --- Defaults ---


def test_the_page_gives_what_the_line_does_not_set(client, alice, home):
    TaskFactory(owner=alice, labels=["shop"])
    shop = Label.objects.get()
    given = {"list": home.pk, "label": shop.pk, "due_date": "2027-01-05"}

    add(client, "Silent", **given)
    add(client, "Loud #inbox @cold 2027-02-28", **given)
    add(client, "Begins from:2027-03-01", **given)

    silent, loud, begins = (
        Task.objects.with_labels().get(title=title)
        for title in ("Silent", "Loud", "Begins")
    )
    assert (silent.list, silent.label_names) == (home, ["shop"])
    assert silent.due_date == date(2027, 1, 5)
    assert (loud.list.is_inbox, loud.label_names) == (True, ["cold"])
    assert loud.due_date == date(2027, 2, 28)
    assert begins.due_date is None


@pytest.mark.parametrize("page", ["/", "/inbox/", "/upcoming/"])
def test_the_bar_sends_the_defaults_of_its_page(client, page):
    text = client.get(page).content.decode()

    sends_today = f'name="due_date" value="{today().isoformat()}"' in text
    assert sends_today == (page == "/")


def test_a_refused_default_keeps_the_text_and_can_be_sent_again(
    client, alice, bob, home
):
    theirs = TaskListFactory(owner=bob)
    archive = {"archived_at": timezone.now()}
    actions.update_list(caller_of(alice), list_id=home.pk, changes=archive)
    here = reverse("todos:list-detail", args=[home.pk])
    found = {}
    for name, key in [("archived", home.pk), ("theirs", theirs.pk), ("none", ABSENT)]:
        sent = {"text": "Buy milk", "list": key, "next": here}
        response = client.post(URL, sent)
        assert response.status_code == 422
        assert 'value="Buy milk"' in response.content.decode()
        found[name] = list(response.context["quick"].errors["list"])

    assert found["theirs"] == found["none"] != found["archived"]
    assert found["archived"] == [
        "This list is archived.",
        "Add again to use the Inbox.",
    ]
    again = response.context["quick"]
    client.post(URL, {"text": again["text"].value(), "list": again["list"].value()})
    assert Task.objects.get(owner=alice).list.is_inbox


def test_a_label_of_another_user_is_unknown(client, bob):
    TaskFactory(owner=bob, labels=["secret"])

    response = client.post(URL, {"text": "Buy milk", "label": Label.objects.get().pk})

    assert response.context["quick"].errors["label"][0] == "There is no such label."


# --- Errors ---


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({"text": ""}, "Write what there is to do."),
        ({"text": " \r\n "}, "Write what there is to do."),
        ({"text": "x" * 501}, "Use at most 500 characters in the title."),
        ({"text": "x" * 50_001}, "Use at most 50,000 characters."),
        ({"text": "line\n" * 101}, "Write at most 100 lines."),
        ({"text": "ok\n" + "x" * 501}, "Line 2: Use at most 500 characters"),
        ({"text": "x " + " ".join(f"@l{n}" for n in range(21))}, "at most 20 labels"),
        ({"text": "a\x1bb"}, "Remove the character"),
        ({"text": "a\x00b"}, "Null characters are not allowed."),
        ({"text": "ok", "list": "1" * 5000}, "There is no such list."),
        ({"text": "ok", "label": "\x00"}, "There is no such label."),
        ({"text": "ok", "due_date": "1066-10-14"}, "Enter a date from"),
        ({"text": "ok", "literal": ["x" * 1001]}, "There are too many parts."),
        ({"text": "ok", "new_list": ["x" * 101]}, "Use at most 100 characters."),
    ],
)
@pytest.mark.parametrize("page", ["/upcoming/?task=", ADD])
def test_shows_errors_on_the_same_page_with_the_text(client, alice, page, sent, words):
    url = ADD if page == ADD else URL

    response = client.post(url, sent | {"next": page})

    text = response.content.decode()
    form = response.context["form" if page == ADD else "quick"]
    assert response.status_code == 422
    assert words in text
    assert form["text"].value() == sent["text"]
    assert 'aria-invalid="true"' in text
    assert ("<h1>Upcoming</h1>" in text) == (page != ADD)
    assert kinds(alice) == []


def test_a_full_account_keeps_the_text(client, settings, alice):
    settings.ACCOUNT_ROWS_MAX = 0

    response = client.post(URL, {"text": "Buy milk", "next": "/inbox/"})

    assert response.status_code == 409
    assert "An account can have at most 0 tasks" in response.content.decode()
    assert response.context["quick"]["text"].value() == "Buy milk"
    assert not Task.objects.exists()


def test_errors_of_a_page_without_a_bar_are_shown_on_a_page_of_their_own(client):
    response = client.post(URL, {"text": "", "next": "/trash/"})

    assert response.status_code == 422
    assert "<h1>Add tasks</h1>" in response.content.decode()


def test_keeps_the_text_of_an_ended_session(client, alice):
    page = client.get("/inbox/").content.decode()
    mark = re.search(r'name="page_of" value="([^"]+)"', page)[1]
    client.session.flush()
    sent = {"text": "Buy milk p1", "page_of": mark, "next": "/inbox/"}
    refused = client.post(URL, sent)
    assert asks_to_sign_in(refused)
    path = re.search(r"next=([^&]+)", refused.url)[1]

    client.force_login(alice, backend=BACKEND)
    restored = client.get(unquote(path))

    text = restored.content.decode()
    assert restored.status_code == 200
    assert "<h1>Inbox</h1>" in text
    assert 'value="Buy milk p1"' in text
    assert "Your text has been restored" in text
    assert not Task.objects.exists()


def test_requires_a_sign_in(db, client):
    client.logout()
    for url in (URL, ADD, PREVIEW, reverse("todos:quick-again", args=[ABSENT])):
        assert asks_to_sign_in(client.post(url, {"text": "Buy milk"})), url
    assert asks_to_sign_in(client.get(ADD))
    assert not Task.objects.exists()


def test_the_batch_of_another_user_does_not_exist(client, page_as, bob):
    toast = add(page_as(bob), "Buy milk p1")
    [action] = [one for one in actions_of(toast) if one.label == "Keep as text"]

    theirs = client.post(action.path, action.fields)
    nobodys = client.post(reverse("todos:quick-again", args=[ABSENT]), action.fields)

    assert theirs.status_code == nobodys.status_code == 404
    assert Task.objects.get().title == "Buy milk"


# --- /add ---


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ({"text": "Buy milk"}, "Buy milk"),
        ({"text": "One\nTwo"}, "One\nTwo"),
        ({"title": "News", "url": "https://a.example"}, "News https://a.example"),
        (
            {"title": "News", "text": "News https://a.example", "url": "https://a"},
            "News https://a.example",
        ),
        ({}, ""),
    ],
)
def test_a_bookmark_fills_in_the_text_and_stores_nothing(client, alice, query, text):
    response = client.get(ADD, query)

    assert response.status_code == 200
    assert response.context["form"]["text"].value() == text
    assert kinds(alice) == []


def test_add_takes_the_defaults_of_its_address(client, home):
    page = client.get(ADD, {"list": str(home.pk), "due_date": "2027-01-05"})

    text = page.content.decode()
    assert f'name="list" value="{home.pk}"' in text
    assert 'name="due_date" value="2027-01-05"' in text


def test_add_returns_to_the_page_it_came_from(client):
    response = client.post(ADD, {"text": "One\nTwo", "next": "/inbox/"})

    assert (response.status_code, response.url) == (303, "/inbox/")
    assert Task.objects.count() == 2


# --- The preview ---


def preview(client, text, **fields):
    response = client.post(PREVIEW, {"text": text, "before": text, **fields})
    assert response.status_code == 200
    return response.json()


def test_the_preview_shows_the_parts_and_stores_nothing(client, alice, home):
    answer = preview(client, "Pay  tomorrow 9am #home #garden p1 @money")

    assert answer["segments"] == [
        ["Pay  ", ""],
        ["tomorrow", "due"],
        [" ", ""],
        ["9am", "time"],
        [" ", ""],
        ["#home", "list"],
        [" ", ""],
        ["#garden", "new_list"],
        [" ", ""],
        ["p1", "priority"],
        [" ", ""],
        ["@money", "label"],
    ]
    assert [chip["words"] for chip in answer["chips"]] == [
        "Tomorrow",
        "09:00",
        "Home",
        "Urgent",
        "@money",
    ]
    assert kinds(alice) == []


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("Call 23:59", ["Today, 23:59"]),
        ("Call tomorrow evening", ["Tomorrow", "19:00"]),
        ('Call due:"tomorrow 9am" now', ["Tomorrow, 09:00"]),
        ("Run every! 2 weeks", ["2 weeks after completion, from today"]),
        ("Run every morning", ["Every day, from {} 09:00"]),
        ("Run every day for 3 times", ["Every day, from today", "3 times"]),
        ("Run every day until 2027-03-01", ["Every day, from today", "Until {}"]),
        ("Plan from:2027-03-01 due:2027-03-02", ["From Mon 1 Mar 2027", "Tue 2 {}"]),
        ("Call tomorrow remind:9am", ["Tomorrow", "At 09:00 on the day"]),
        ("Read \\tomorrow", []),
        ("Sow peas #garden", ["New list garden"]),
    ],
)
def test_a_chip_names_a_part_in_words(client, line, words):
    found = [chip["words"] for chip in preview(client, line)["chips"]]

    patterns = [re.escape(one).replace(r"\{\}", ".+") for one in words]
    assert len(found) == len(patterns)
    for pattern, chip in zip(patterns, found, strict=True):
        assert re.fullmatch(pattern, chip), chip


def test_a_rejected_part_stays_in_the_title_as_in_the_preview(client):
    line = "Read p1 report tomorrow"

    answer = preview(client, line, literal=["tomorrow", "gone"])
    add(client, line, literal=["tomorrow", "gone"])

    assert [chip["words"] for chip in answer["chips"]] == ["Urgent"]
    task = Task.objects.get()
    assert (task.title, task.priority) == ("Read report tomorrow", 1)


def test_an_accepted_list_is_created_with_the_task(client, alice):
    line = "Sow peas #garden"
    [chip] = preview(client, line, new_list=["garden"])["chips"]

    toast = add(client, line, new_list=["garden", "unused"])

    assert (chip["kind"], chip["words"]) == ("list", "garden")
    assert Task.objects.get().list.name == "garden"
    assert not TaskList.objects.filter(name="unused").exists()
    assert kinds(alice) == ["created", "created"]
    press(client, toast, "Undo")
    assert not TaskList.objects.filter(name="garden").exists()


@pytest.mark.parametrize(
    ("before", "texts"),
    [
        ("Buy #h", ["#Home", '#"Old house"']),
        ("Buy #", ["#Inbox", "#Home", '#"Old house"']),
        ('Buy #"old h', ['#"Old house"']),
        ("Buy @S", ["@shop"]),
        ("Buy a#h", None),
        ("Buy @x", None),
        ("Buy", None),
        ("#" * 60_000, None),
    ],
)
def test_completes_lists_and_labels(client, alice, bob, home, before, texts):
    TaskListFactory(owner=alice, name="Old house")
    TaskListFactory(owner=bob, name="Hidden")
    TaskFactory(owner=alice, labels=["shop"])
    TaskFactory(owner=bob, labels=["secret"])

    options = preview(client, "Buy", before=before)["options"]

    assert (options and options["texts"]) == texts


def test_the_preview_of_several_lines_reads_none_of_them(client, monkeypatch):
    monkeypatch.setattr("todos.pages.quick.actions.preview_quick_add", None)

    assert preview(client, "x\n" * 25_000) == {"options": None}
    assert preview(client, "x" * 50_001) == {"options": None}


def test_the_preview_says_what_is_wrong(client):
    assert preview(client, "x" * 501)["error"].startswith("Use at most 500")


def test_the_preview_counts_as_a_request_of_the_user(client, settings, one_rate_window):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"user": (2, 60)}

    statuses = [client.post(PREVIEW, {"text": "x"}).status_code for _ in range(3)]

    assert statuses == [200, 200, 429]


def test_the_preview_takes_few_queries(
    client, alice, home, django_assert_max_num_queries
):
    TaskFactory(owner=alice, labels=["shop"])
    line = "Pay rent tomorrow 9am #home @shop"
    preview(client, line)

    with django_assert_max_num_queries(6):
        preview(client, line)


# --- The action ---


def test_defaults_and_new_lists_are_checked_before_anything_is_stored(as_alice, alice):
    for options in (
        {"defaults": Defaults(list_id=ABSENT)},
        {"defaults": Defaults(label_id=ABSENT)},
        {"new_lists": ["x" * 101]},
        {"new_lists": ["x"] * 101},
    ):
        with pytest.raises(ValidationError):
            actions.quick_add(as_alice, text="Buy milk #x", **options)

    assert not Task.objects.exists()
    assert TaskList.objects.owned_by(alice).count() == 1
