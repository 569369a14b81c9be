"""Whose rows the code that runs now can see."""

from uuid import uuid4

import pytest
from django.http import HttpResponse

from config.row_security import (
    RowSecurityMiddleware,
    row_owner,
    rows_of,
    show_rows_of,
)


def test_inner_blocks_replace_the_user_and_restore_it():
    alice, bob = uuid4(), uuid4()

    with rows_of(alice):
        with pytest.raises(ZeroDivisionError), rows_of(bob):
            assert row_owner() == bob
            raise ZeroDivisionError

        assert row_owner() == alice


def test_a_request_begins_without_a_user_and_leaves_none_behind(rf):
    alice, before = uuid4(), row_owner()
    seen = []

    def view(request):
        seen.append(row_owner())
        show_rows_of(alice)
        seen.append(row_owner())
        return HttpResponse()

    serve = RowSecurityMiddleware(view)
    with rows_of(uuid4()):
        serve(rf.get("/"))
        serve(rf.get("/"))

    assert seen == [None, alice, None, alice]
    assert row_owner() == before
