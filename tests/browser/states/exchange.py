"""Import and export, statistics, and the calendar of Upcoming."""

from datetime import timedelta

from django.utils import timezone
from playwright.sync_api import expect

from tests.browser.registry import state, today
from tests.browser.states.lists import LONG
from tests.changes import caller_of
from tests.factories import TaskFactory
from todos import actions

TABLE = f"title,due_date\nBuy milk,2027-03-01\n{LONG},\nBuy eggs,never\n"


def look_at_a_table(visit):
    """Open the page that says what an import would do."""
    visit.sign_in()
    visit.go("/import/")
    visit.page.get_by_text("Paste the content instead").click()
    visit.page.locator("textarea").fill(TABLE)
    visit.page.get_by_role("button", name="Look at the text").click()
    expect(visit.page.get_by_role("heading", level=1)).to_contain_text("Import “")


@state
def import_start(visit):
    visit.sign_in()
    visit.go("/import/")


@state
def import_refused(visit):
    visit.sign_in()
    visit.go("/import/")
    visit.page.get_by_role("button", name="Look at the file").click()


@state
def import_report(visit):
    look_at_a_table(visit)


@state
def import_done(visit):
    look_at_a_table(visit)
    visit.page.get_by_role("button", name="Import without the rows").click()
    expect(visit.page.get_by_role("heading", name="Imported")).to_be_visible()


@state
def export(visit):
    visit.sign_in()
    visit.go("/export/")


@state
def statistics(visit):
    alice = visit.sign_in()
    for days in (0, 0, 1, 3, 8, 30):
        task = TaskFactory(owner=alice, at=timezone.now() - timedelta(40))
        done_at = timezone.now() - timedelta(days)
        actions.complete_task(caller_of(alice, done_at), task_id=task.pk)
    visit.go("/statistics/")


@state
def trash_empty_it(visit):
    alice = visit.sign_in()
    task = TaskFactory(owner=alice)
    actions.trash_task(caller_of(alice), task_id=task.pk)
    visit.go("/trash/empty/")


@state
def upcoming_from_a_day(visit):
    TaskFactory(owner=visit.sign_in(), due_date=today(20))
    visit.go(f"/upcoming/?from={today(14)}")


@state
def keys(visit):
    visit.sign_in()
    visit.go("/keys/")


@state
def overdue(visit):
    TaskFactory(owner=visit.sign_in(), due_date=today(-3))
    visit.go("/overdue/")
