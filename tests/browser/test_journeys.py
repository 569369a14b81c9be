"""A day's work by keyboard alone, and all of it without a script as well.

Every control is reached with the Tab key from where the last action left the focus, so
these tests also show that nothing is out of reach. `test_script_keys.py` has the keys
that are shorter.
"""

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from tests.factories import TaskFactory
from todos.models import Task

TABS_MAX = 120  # more than any of these pages has


@pytest.fixture(params=[True, False], ids=["script", "no-script"])
def page(request, signed_in):
    page = signed_in(java_script_enabled=request.param)
    page.goto("/")
    return page


def reach(page, control):
    """Press Tab until the control has the focus."""
    expect(control).to_be_attached()
    for _ in range(TABS_MAX):
        page.keyboard.press("Tab")
        if control.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"not reached by keyboard: {control}")


def press(page, role, name):
    """Reach a control and press Enter on it."""
    reach(page, page.get_by_role(role, name=name, exact=True).first)
    page.keyboard.press("Enter")


def expect_message(page, text):
    expect(page.locator("#toasts")).to_contain_text(text)


def test_adds_ticks_undoes_and_finds(page, alice):
    reach(page, page.get_by_role("textbox", name="New task"))
    page.keyboard.type("Pay the rent tomorrow 9am p1")
    page.keyboard.press("Enter")
    expect_message(page, "Pay the rent")
    task = Task.objects.get(owner=alice)
    assert (task.title, task.priority) == ("Pay the rent", 1)

    press(page, "link", "Upcoming")
    press(page, "button", "Complete: Pay the rent")
    expect_message(page, "Completed: Pay the rent")
    press(page, "button", "Undo")
    expect_message(page, "Undone")
    expect(page.get_by_role("link", name="Pay the rent", exact=True)).to_be_visible()

    press(page, "link", "Search")
    reach(page, page.get_by_role("searchbox", name="Search"))
    page.keyboard.type("rent")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Pay the rent", exact=True)).to_be_visible()
    assert not Task.objects.get(owner=alice).is_completed


def test_reschedules_and_acts_on_several(page, alice):
    today = timezone.now().date()
    tasks = [
        TaskFactory(owner=alice, title=title, due_date=today)
        for title in ("Buy milk", "Water the plants", "Call the plumber")
    ]
    page.reload()

    reach(page, page.locator(f"#task-{tasks[0].pk} .due"))
    page.keyboard.press("Enter")
    reach(page, page.get_by_role("button", name="Tomorrow"))
    page.keyboard.press("Enter")
    expect_message(page, "Buy milk")
    tasks[0].refresh_from_db()
    assert (tasks[0].due_date - today).days == 1

    press(page, "link", "Select tasks")
    for title in ("Water the plants", "Call the plumber"):
        reach(page, page.get_by_role("checkbox", name=title))
        page.keyboard.press("Space")
    press(page, "button", "Done")
    expect_message(page, "2 tasks")
    assert Task.objects.owned_by(alice).completed().count() == 2
    press(page, "button", "Undo")
    expect_message(page, "Undone")
    assert Task.objects.owned_by(alice).completed().count() == 0


def test_imports_pasted_lines(page, alice):
    page.goto("/import/")
    summary = page.get_by_text("Paste the content instead")
    reach(page, summary)
    page.keyboard.press("Enter")
    reach(page, page.locator("textarea"))
    page.keyboard.insert_text("title,due_date\nBuy milk,2027-03-01\nBuy eggs,\n")
    press(page, "button", "Look at the text")
    press(page, "button", "Import")

    expect(page.get_by_role("heading", name="Imported")).to_be_visible()
    assert Task.objects.owned_by(alice).count() == 2
    press(page, "button", "Undo the import")
    expect_message(page, "Undone")
    assert Task.objects.owned_by(alice).filter(trashed_at=None).count() == 0
