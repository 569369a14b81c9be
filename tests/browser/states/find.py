"""Search, labels, and lists that are sorted and grouped."""

from django.urls import reverse

from tests.browser.registry import state, today
from tests.browser.states.lists import LONG, RIGHT_TO_LEFT
from tests.changes import caller_of
from tests.factories import TaskFactory, TaskListFactory
from todos import actions

COLOURS = ("grey", "red", "orange", "yellow", "green", "teal", "blue", "purple", "pink")


def fill(user):
    """Create labels in every colour, and tasks in a list with them; return the list."""
    home = TaskListFactory(owner=user, name="Home", colour="green")
    for colour in COLOURS:
        actions.create_label(caller_of(user), name=f"{colour} one", colour=colour)
    actions.create_label(caller_of(user), name="x" * 50, colour="blue")
    titles = ["Pay the rent", LONG, RIGHT_TO_LEFT, "Water the plants", "Rent a car"]
    for number, title in enumerate(titles):
        TaskFactory(
            owner=user,
            list_id=home.pk,
            title=title,
            labels=[f"{COLOURS[number]} one", f"{COLOURS[-number]} one"],
            due_date=today(3 * number - 3),
            priority=1 + number % 4,
        )
    done = TaskFactory(owner=user, list_id=home.pk, title="Call the landlord: rent")
    actions.complete_task(caller_of(user), task_id=done.pk)
    return home


@state
def search_empty(visit):
    visit.sign_in()
    visit.go("/search/")


@state
def search_found(visit):
    alice = visit.sign_in()
    fill(alice)
    TaskListFactory(owner=alice, name="Rental agreements")
    visit.go("/search/?q=ren")


@state
def search_filtered(visit):
    home = fill(visit.sign_in())
    visit.go(f"/search/?q=ren&list={home.pk}&due=range&due_from={today(-9)}")


@state
def search_without_results(visit):
    visit.sign_in()
    visit.go("/search/?q=nothing+like+this")


@state
def search_refused(visit):
    visit.sign_in()
    visit.go(f"/search/?due=range&due_from={today(1)}&due_to={today()}&priority=9")


@state
def labels(visit):
    fill(visit.sign_in())
    visit.go("/labels/")


@state
def labels_empty(visit):
    visit.sign_in()
    visit.go("/labels/")


@state
def labels_refused(visit):
    fill(visit.sign_in())
    visit.go("/labels/")
    visit.page.get_by_label("New label").fill("Red one")
    visit.page.get_by_role("button", name="Create").click()
    visit.page.get_by_text("A label with this name already exists.").wait_for()


def open_label(visit, page):
    alice = visit.sign_in()
    fill(alice)
    label = alice.labels.get(key="red one")
    visit.go(reverse(f"todos:label-{page}", args=[label.pk]))


@state
def label(visit):
    open_label(visit, "detail")


@state
def label_menu(visit):
    open_label(visit, "menu")


@state
def label_edit(visit):
    open_label(visit, "update")


@state
def label_merge(visit):
    open_label(visit, "merge")


@state
def label_delete(visit):
    open_label(visit, "delete")


@state
def list_sorted_and_grouped(visit):
    home = fill(visit.sign_in())
    visit.go(f"/lists/{home.pk}/?sort=priority&group=due&done=1")


@state
def list_menu(visit):
    home = fill(visit.sign_in())
    visit.go(f"/lists/{home.pk}/menu/")


@state
def list_of_the_same_name(visit):
    fill(visit.sign_in())
    visit.go("/lists/new/")
    visit.page.get_by_label("Name").fill("home")
    visit.page.get_by_role("button", name="Create list").click()
    visit.page.get_by_role("alert").wait_for()
