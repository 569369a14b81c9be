"""Preparing and storing an import.

Rows are read and checked before anything is locked, and the plan of what to store is
based on what the owner has at that moment. The transaction only stores the plan. If
the owner's data has changed in between, which the number of their ledger shows, a new
plan is made.

An import changes nothing that the owner has: a row that exists already is skipped.
`ids` defines which object a row is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from django.db import IntegrityError

from todos.actions.imports.numbers import ImportNumbers, numbers_of
from todos.actions.imports.planning import Plan, plan_import
from todos.actions.imports.rows import FileItem, ImportReport, RowIssue, TaskRow
from todos.actions.imports.storing import ImportClash, PlanOutdated, PlanStorage
from todos.caller import Caller

TRIES = 5  # plans, while the owner's data keeps changing


class PreparedImport:
    """The checked rows of a file, and what storing them would create.

    Preparing locks and stores nothing. Exceptions raised by `items` are passed on. With
    `skip_errors`, rows with an error are left out, and the others are stored.
    """

    def __init__(
        self, caller: Caller, items: Iterable[FileItem], *, skip_errors: bool = False
    ) -> None:
        self._caller, self._skips_errors = caller, skip_errors
        self._items: list[FileItem] = []
        self._plan = self._plan_for(self._remember(items))

    @property
    def report(self) -> ImportReport:
        """The report of the import, as if it were stored now."""
        return self._plan.report

    @property
    def numbers(self) -> ImportNumbers:
        """What the import creates in each list, once the errors are left out."""
        return numbers_of(self._plan, self._caller.owner)

    @property
    def titles(self) -> dict[int, str]:
        """The title of the first task of each row, for the rows that have one."""
        titles: dict[int, str] = {}
        for item in self._items:
            if isinstance(item, TaskRow):
                titles.setdefault(item.row, item.fields["title"])
        return titles

    def store(self) -> ImportReport:
        """Store the rows, unless errors prevent it.

        Raises:
            ImportClash: other requests changed the owner's data meanwhile.
        """
        for _ in range(TRIES):
            if self.report.is_refused:
                return self.report
            try:
                PlanStorage(self._plan, self._caller).run()
            except PlanOutdated:
                self._plan = self._plan_for(self._items)
            except IntegrityError as exc:
                raise ImportClash from exc
            else:
                return self.report
        raise ImportClash

    def _plan_for(self, items: Iterable[FileItem]) -> Plan:
        return plan_import(self._caller, items, skip_errors=self._skips_errors)

    def _remember(self, items: Iterable[FileItem]) -> Iterator[FileItem]:
        """Keep the items for another plan, unless an error prevents storing them."""
        has_errors = False
        for item in items:
            if not has_errors:
                self._items.append(item)
                has_errors = (
                    isinstance(item, RowIssue)
                    and item.is_error
                    and not self._skips_errors
                )
            yield item
