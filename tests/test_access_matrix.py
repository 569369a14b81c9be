"""Access rights: every route and method, for every kind of caller.

The table is compared with the URLconf, so a new route fails here until its callers are
decided. Then every row is requested with real objects. The numbers are statuses. Alice
owns the objects, Bob is another user, Sam is support staff, and a locked account is
treated like no credential.

Every row is requested with each kind of credential: session, own token, Better Auth JWT
and cookie, each recent and old. The result is the same unless the tables say otherwise.
Pages ignore tokens.

Not in the table: both slash forms of the API respond alike, HEAD responds like GET,
OPTIONS is harmless, and every other method is refused.
"""

import copy
import itertools
import json
import re
from collections import defaultdict
from datetime import timedelta
from typing import NamedTuple

import pytest
from allauth.account.models import EmailAddress
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, get_resolver, resolve
from django.utils import timezone

from accounts import reminder_mails, tokens
from accounts.emails import Confirmation
from accounts.models import LinkedIdentity
from tests import limits, support
from tests.callers import (
    COOKIE,
    JWT,
    KINDS,
    OLD,
    SESSION,
    TOKEN,
    BetterAuthUsers,
    clients_of,
)
from tests.changes import caller_of
from tests.factories import PASSWORD, TaskFactory, TaskListFactory, UserFactory
from tests.isolation.answers import Asked, note
from tests.personal_tokens import token_of
from tests.signing_in import browser_of, factor_at, password_at, with_app
from todos import actions, import_files

pytestmark = pytest.mark.unmeasured

METHODS = {"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"}

TITLE = {"title": "Buy milk"}
LINE = {"text": "Buy milk tomorrow"}
RULE = {"rrule": "FREQ=DAILY"}
DAY_FORM = {"due_date": "2027-03-01"}
UP = {"to": "up"}
NAME = {"name": "Errands", "colour": "grey"}
SIGN_IN = {"email": "alice@example.com", "password": PASSWORD}
SIGN_UP = {"email": "carol@example.com", "password": PASSWORD}
PASSWORD_CHANGE = {"old_password": PASSWORD, "new_password": "another long phrase"}
# An id; requests of the owner use one of hers.
SOME_ID = "01a20480-0000-7000-8000-000000000000"
BULK = {"ids": [SOME_ID], "action": "complete"}
TO_LIST = {"list": SOME_ID}
AFTER_LIST = {"after": SOME_ID}
LABEL = {"name": "garden"}
INTO_LABEL = {"into": SOME_ID}
REFRESH = {"refresh": "<a refresh token of the owner>"}
UPLOAD = {"format": "csv", "file": "<a form with a file>"}


class Row(NamedTuple):
    """The status of one method of one route for each kind of caller."""

    method: str
    route: str
    anonymous: int
    owner: int
    stranger: int
    staff: int
    body: dict = {}  # noqa: RUF012 - never changed


# fmt: off
API = [Row(*row) for row in [
    # Signing in and up is public; the body identifies the user.
    ("POST",   "api/v1/auth/register",       201, 201, 201, 201, SIGN_UP),
    ("POST",   "api/v1/auth/token",          200, 200, 200, 200, SIGN_IN),
    ("POST",   "api/v1/auth/token/refresh",  200, 200, 200, 200, REFRESH),
    ("POST",   "api/v1/auth/logout",         204, 204, 204, 204, REFRESH),
    # This one accepts only a token of a Better Auth server.
    ("POST",   "api/v1/auth/token/exchange", 401, 401, 401, 401),
    # About the caller.
    ("POST",   "api/v1/auth/password",       401, 204, 204, 204, PASSWORD_CHANGE),
    ("GET",    "api/v1/users/me",            401, 200, 200, 200),
    ("PATCH",  "api/v1/users/me",            401, 200, 200, 200, {"theme": "dark"}),
    ("DELETE", "api/v1/users/me",            401, 204, 204, 204),
    ("GET",    "api/v1/credentials",         401, 200, 200, 200),
    ("DELETE", "api/v1/credentials",         401, 204, 204, 204),
    ("DELETE", "api/v1/credentials/<str:credential_id>", 401, 204, 404, 404),
    ("GET",    "api/v1/security-events",     401, 200, 200, 200),
    ("GET",    "api/v1/tasks",               401, 200, 200, 200),
    ("POST",   "api/v1/tasks",               401, 201, 201, 201, TITLE),
    ("POST",   "api/v1/tasks/bulk",          401, 200, 400, 400, BULK),
    ("POST",   "api/v1/tasks/quick",         401, 201, 201, 201, LINE),
    ("POST",   "api/v1/recurrence/preview",  401, 200, 200, 200, RULE),
    ("GET",    "api/v1/lists",               401, 200, 200, 200),
    ("POST",   "api/v1/lists",               401, 201, 201, 201, NAME),
    ("GET",    "api/v1/labels",              401, 200, 200, 200),
    ("POST",   "api/v1/labels",              401, 201, 201, 201, LABEL),
    ("GET",    "api/v1/export",              401, 200, 200, 200),
    ("GET",    "api/v1/export/json",         401, 200, 200, 200),
    ("GET",    "api/v1/export/csv",          401, 200, 200, 200),
    ("GET",    "api/v1/export/ics",          401, 200, 200, 200),
    ("GET",    "api/v1/export/markdown",     401, 200, 200, 200),
    ("POST",   "api/v1/import",              401, 200, 200, 200, UPLOAD),
    ("GET",    "api/v1/changes",             401, 200, 200, 200),
    # A user without changes has nothing to undo.
    ("POST",   "api/v1/undo",                401, 200, 409, 409),
    # Objects of a user, which don't exist for other users.
    ("GET",    "api/v1/tasks/<uuid:task_id>",          401, 200, 404, 404),
    ("GET",    "api/v1/tasks/<uuid:task_id>/changes",  401, 200, 404, 404),
    ("PUT",    "api/v1/tasks/<uuid:task_id>",          401, 200, 404, 404, TITLE),
    ("PATCH",  "api/v1/tasks/<uuid:task_id>",          401, 200, 404, 404, TITLE),
    ("DELETE", "api/v1/tasks/<uuid:task_id>",          401, 204, 404, 404),
    ("POST",   "api/v1/tasks/<uuid:task_id>/complete", 401, 200, 404, 404),
    ("POST",   "api/v1/tasks/<uuid:task_id>/reopen",   401, 200, 404, 404),
    ("POST",   "api/v1/tasks/<uuid:task_id>/restore",  401, 200, 404, 404),
    # The task doesn't repeat, which only its owner learns.
    ("POST",   "api/v1/tasks/<uuid:task_id>/skip",     401, 409, 404, 404),
    ("POST",   "api/v1/tasks/<uuid:task_id>/move",     401, 200, 404, 404, TO_LIST),
    ("GET",    "api/v1/lists/<uuid:list_id>",          401, 200, 404, 404),
    ("PATCH",  "api/v1/lists/<uuid:list_id>",          401, 200, 404, 404, NAME),
    ("DELETE", "api/v1/lists/<uuid:list_id>",          401, 204, 404, 404),
    ("POST",   "api/v1/lists/<uuid:list_id>/restore",  401, 200, 404, 404),
    ("POST",   "api/v1/lists/<uuid:list_id>/move",     401, 200, 404, 404,
     AFTER_LIST),
    ("GET",    "api/v1/labels/<uuid:label_id>",        401, 200, 404, 404),
    ("PATCH",  "api/v1/labels/<uuid:label_id>",        401, 200, 404, 404, LABEL),
    ("DELETE", "api/v1/labels/<uuid:label_id>",        401, 204, 404, 404),
    ("POST",   "api/v1/labels/<uuid:label_id>/merge",  401, 200, 404, 404,
     INTO_LABEL),
    # The route names the owner, and other users are refused before any query.
    ("GET",    "api/v1/users/<str:user_id>/tasks",     401, 200, 403, 403),
    ("POST",   "api/v1/users/<str:user_id>/tasks",     401, 201, 403, 403, TITLE),
    ("POST",   "api/v1/users/<str:user_id>/tasks/bulk",
     401, 200, 403, 403, BULK),
    ("POST",   "api/v1/users/<str:user_id>/tasks/<uuid:task_id>/move",
     401, 200, 403, 403, TO_LIST),
    ("POST",   "api/v1/users/<str:user_id>/tasks/quick",
     401, 201, 403, 403, LINE),
    ("GET",    "api/v1/users/<str:user_id>/tasks/<uuid:task_id>",
     401, 200, 403, 403),
    ("GET",    "api/v1/users/<str:user_id>/tasks/<uuid:task_id>/changes",
     401, 200, 403, 403),
    ("PUT",    "api/v1/users/<str:user_id>/tasks/<uuid:task_id>",
     401, 200, 403, 403, TITLE),
    ("PATCH",  "api/v1/users/<str:user_id>/tasks/<uuid:task_id>",
     401, 200, 403, 403, TITLE),
    ("DELETE", "api/v1/users/<str:user_id>/tasks/<uuid:task_id>",
     401, 204, 403, 403),
    ("POST",   "api/v1/users/<str:user_id>/tasks/<uuid:task_id>/complete",
     401, 200, 403, 403),
    ("POST",   "api/v1/users/<str:user_id>/tasks/<uuid:task_id>/reopen",
     401, 200, 403, 403),
    ("POST",   "api/v1/users/<str:user_id>/tasks/<uuid:task_id>/restore",
     401, 200, 403, 403),
    ("POST",   "api/v1/users/<str:user_id>/tasks/<uuid:task_id>/skip",
     401, 409, 403, 403),
    ("GET",    "api/<user_id:user_id>/tasks", 401, 200, 403, 403),
    ("POST",   "api/<user_id:user_id>/tasks", 401, 201, 403, 403, TITLE),
    ("GET",    "api/<user_id:user_id>/tasks/search", 401, 200, 403, 403),
    ("GET",    "api/<user_id:user_id>/tasks/<str:task_id>", 401, 200, 403, 403),
    ("PUT",    "api/<user_id:user_id>/tasks/<str:task_id>", 401, 200, 403, 403, TITLE),
    ("PATCH",  "api/<user_id:user_id>/tasks/<str:task_id>", 401, 200, 403, 403, TITLE),
    ("DELETE", "api/<user_id:user_id>/tasks/<str:task_id>", 401, 204, 403, 403),
    ("PATCH",  "api/<user_id:user_id>/tasks/<str:task_id>/complete",
     401, 200, 403, 403),
    ("PATCH",  "api/<user_id:user_id>/tasks/<str:task_id>/toggle", 401, 200, 403, 403),
    ("PATCH",  "api/<user_id:user_id>/tasks/<str:task_id>/status",
     401, 200, 403, 403, {"status": "completed"}),
    ("GET",    "api/users/<str:user_id>/tasks", 401, 200, 403, 403),
    ("POST",   "api/users/<str:user_id>/tasks", 401, 201, 403, 403, TITLE),
    ("GET",    "api/users/<str:user_id>/tasks/search", 401, 200, 403, 403),
    ("GET",    "api/users/<str:user_id>/tasks/<str:task_id>", 401, 200, 403, 403),
    ("PUT",    "api/users/<str:user_id>/tasks/<str:task_id>",
     401, 200, 403, 403, TITLE),
    ("PATCH",  "api/users/<str:user_id>/tasks/<str:task_id>",
     401, 200, 403, 403, TITLE),
    ("DELETE", "api/users/<str:user_id>/tasks/<str:task_id>", 401, 204, 403, 403),
    ("PATCH",  "api/users/<str:user_id>/tasks/<str:task_id>/complete",
     401, 200, 403, 403),
    ("PATCH",  "api/users/<str:user_id>/tasks/<str:task_id>/toggle",
     401, 200, 403, 403),
    ("PATCH",  "api/users/<str:user_id>/tasks/<str:task_id>/status",
     401, 200, 403, 403, {"status": "completed"}),
    # No id in the route: a user sees and changes only their own tasks.
    ("GET",    "api/tasks", 401, 200, 200, 200),
    ("POST",   "api/tasks", 401, 201, 201, 201, TITLE),
    ("GET",    "api/tasks/search", 401, 200, 200, 200),
    ("GET",    "api/tasks/<str:task_id>", 401, 200, 404, 404),
    ("PUT",    "api/tasks/<str:task_id>", 401, 200, 404, 404, TITLE),
    ("PATCH",  "api/tasks/<str:task_id>", 401, 200, 404, 404, TITLE),
    ("DELETE", "api/tasks/<str:task_id>", 401, 204, 404, 404),
    ("PATCH",  "api/tasks/<str:task_id>/complete", 401, 200, 404, 404),
    ("PATCH",  "api/tasks/<str:task_id>/toggle", 401, 200, 404, 404),
    ("PATCH",  "api/tasks/<str:task_id>/status",
     401, 200, 404, 404, {"status": "completed"}),
]]

PAGES = [Row(*row) for row in [
    # Pages of the signed-in user.
    ("GET",  "",            302, 200, 200, 200),
    ("GET",  "inbox/",      302, 200, 200, 200),
    ("GET",  "keys/",       302, 200, 200, 200),
    ("GET",  "upcoming/",   302, 200, 200, 200),
    ("GET",  "completed/",  302, 200, 200, 200),
    ("GET",  "trash/",      302, 200, 200, 200),
    ("GET",  "search/",     302, 200, 200, 200),
    ("GET",  "labels/",     302, 200, 200, 200),
    ("POST", "labels/",     303, 303, 303, 303, LABEL),
    ("GET",  "add",             302, 200, 200, 200),
    ("POST", "add",             303, 303, 303, 303, {"text": "Buy milk"}),
    ("GET",  "add/help/",       302, 200, 200, 200),
    ("GET",  "quick/",          302, 302, 302, 302),
    ("POST", "quick/",          303, 303, 303, 303, {"text": "Buy milk"}),
    ("GET",  "quick/preview/",  302, 302, 302, 302),
    ("POST", "quick/preview/",  303, 200, 200, 200, {"text": "Buy milk"}),
    ("GET",  "examples/",       302, 302, 302, 302),
    ("POST", "examples/",       303, 303, 303, 303),
    ("GET",  "undo/",       302, 302, 302, 302),
    ("POST", "undo/",       303, 303, 303, 303),
    ("GET",  "overdue/",    302, 200, 200, 200),
    ("POST", "overdue/",    303, 303, 303, 303, {"to": "today"}),
    # Its ids are tested in tests/todos/test_page_bulk.py.
    ("GET",  "bulk/",       302, 200, 200, 200),
    ("POST", "bulk/",       303, 303, 303, 303, {"action": "complete"}),
    ("GET",  "lists/new/",  302, 200, 200, 200),
    ("POST", "lists/new/",  303, 303, 303, 303, NAME),
    ("GET",  "statistics/",      302, 200, 200, 200),
    ("GET",  "trash/empty/",     302, 200, 200, 200),
    ("POST", "trash/empty/",     303, 303, 303, 303),
    ("GET",  "import/",          302, 200, 200, 200),
    ("POST", "import/",          303, 200, 200, 200),
    ("GET",  "import/text/",     302, 200, 200, 200),
    ("POST", "import/text/",     303, 200, 200, 200),
    ("GET",  "export/",          302, 200, 200, 200),
    ("POST", "export/",          303, 200, 200, 200),
    # Objects of a user, which don't exist for other users.
    ("GET",  "tasks/<uuid:pk>/",           302, 200, 404, 404),
    ("GET",  "tasks/<uuid:pk>/set/<slug:property>/", 302, 200, 404, 404),
    ("POST", "tasks/<uuid:pk>/set/<slug:property>/", 303, 303, 404, 404, TITLE),
    ("GET",  "tasks/<uuid:pk>/steps/",     302, 200, 404, 404),
    ("POST", "tasks/<uuid:pk>/steps/",     303, 303, 404, 404, LINE),
    ("GET",  "tasks/<uuid:pk>/history/",   302, 200, 404, 404),
    ("GET",  "tasks/<uuid:pk>/history/<uuid:change>/", 302, 200, 404, 404),
    ("POST", "tasks/<uuid:pk>/history/<uuid:change>/", 303, 303, 404, 404),
    # A GET of an action asks for confirmation.
    ("GET",  "tasks/<uuid:pk>/complete/",  302, 200, 404, 404),
    ("GET",  "tasks/<uuid:pk>/reopen/",    302, 200, 404, 404),
    ("GET",  "tasks/<uuid:pk>/delete/",    302, 200, 404, 404),
    ("GET",  "tasks/<uuid:pk>/restore/",   302, 200, 404, 404),
    ("POST", "tasks/<uuid:pk>/complete/",  303, 303, 404, 404),
    ("POST", "tasks/<uuid:pk>/reopen/",    303, 303, 404, 404),
    ("POST", "tasks/<uuid:pk>/delete/",    303, 303, 404, 404),
    ("POST", "tasks/<uuid:pk>/restore/",   303, 303, 404, 404),
    ("GET",  "tasks/<uuid:pk>/remove/",    302, 200, 404, 404),
    ("POST", "tasks/<uuid:pk>/remove/",    303, 303, 404, 404),
    ("GET",  "tasks/<uuid:pk>/menu/",      302, 200, 404, 404),
    ("GET",  "tasks/<uuid:pk>/list/",      302, 200, 404, 404),
    ("GET",  "tasks/<uuid:pk>/labels/",    302, 200, 404, 404),
    ("GET",  "tasks/<uuid:pk>/date/",      302, 200, 404, 404),
    ("POST", "tasks/<uuid:pk>/date/",      303, 303, 404, 404, DAY_FORM),
    ("GET",  "tasks/<uuid:pk>/move/",      302, 200, 404, 404),
    ("POST", "tasks/<uuid:pk>/move/",      303, 303, 404, 404, UP),
    ("GET",  "lists/<uuid:pk>/move/",      302, 200, 404, 404),
    ("POST", "lists/<uuid:pk>/move/",      303, 303, 404, 404, UP),
    ("GET",  "tasks/<uuid:pk>/skip/",      302, 200, 404, 404),
    ("POST", "tasks/<uuid:pk>/skip/",      303, 303, 404, 404),
    ("GET",  "lists/<uuid:pk>/",           302, 200, 404, 404),
    ("GET",  "lists/<uuid:pk>/menu/",      302, 200, 404, 404),
    ("GET",  "lists/<uuid:pk>/edit/",      302, 200, 404, 404),
    ("POST", "lists/<uuid:pk>/edit/",      303, 303, 404, 404, NAME),
    ("GET",  "lists/<uuid:pk>/archive/",   302, 200, 404, 404),
    ("GET",  "lists/<uuid:pk>/unarchive/", 302, 200, 404, 404),
    ("POST", "lists/<uuid:pk>/archive/",   303, 303, 404, 404),
    ("POST", "lists/<uuid:pk>/unarchive/", 303, 303, 404, 404),
    ("GET",  "lists/<uuid:pk>/restore/",   302, 200, 404, 404),
    ("POST", "lists/<uuid:pk>/restore/",   303, 303, 404, 404),
    ("GET",  "import/<uuid:key>/",         302, 200, 404, 404),
    ("POST", "import/<uuid:key>/",         303, 303, 404, 404),
    ("GET",  "quick/<uuid:batch>/again/",  302, 302, 302, 302),
    ("POST", "quick/<uuid:batch>/again/",
     303, 303, 404, 404, {"text": "Buy milk"}),
    ("GET",  "undo/<uuid:batch>/",         302, 200, 404, 404),
    ("POST", "undo/<uuid:batch>/",         303, 303, 404, 404),
    ("GET",  "lists/<uuid:pk>/delete/",    302, 200, 404, 404),
    ("POST", "lists/<uuid:pk>/delete/",    303, 303, 404, 404),
    ("GET",  "labels/<uuid:pk>/",          302, 200, 404, 404),
    ("GET",  "labels/<uuid:pk>/menu/",     302, 200, 404, 404),
    ("GET",  "labels/<uuid:pk>/edit/",     302, 200, 404, 404),
    ("POST", "labels/<uuid:pk>/edit/",     303, 303, 404, 404, LABEL),
    ("GET",  "labels/<uuid:pk>/merge/",    302, 200, 404, 404),
    ("POST", "labels/<uuid:pk>/merge/",    303, 303, 404, 404, INTO_LABEL),
    ("GET",  "labels/<uuid:pk>/delete/",   302, 200, 404, 404),
    ("POST", "labels/<uuid:pk>/delete/",   303, 303, 404, 404),
    # The account of the signed-in user.
    ("GET",  "accounts/",                     302, 302, 302, 302),
    ("GET",  "accounts/settings/",            302, 200, 200, 200),
    ("POST", "accounts/settings/",            303, 200, 200, 200),
    ("GET",  "accounts/security/",            302, 200, 200, 200),
    ("GET",  "accounts/tokens/",                  302, 200, 200, 200),
    ("GET",  "accounts/tokens/new/",              302, 200, 200, 200),
    ("POST", "accounts/tokens/new/",              303, 200, 200, 200),
    ("GET",  "accounts/tokens/<uuid:pk>/",        302, 200, 404, 404),
    ("GET",  "accounts/tokens/<uuid:pk>/rights/", 302, 200, 404, 404),
    ("POST", "accounts/tokens/<uuid:pk>/rights/", 303, 303, 404, 404,
     {"scopes": "tasks:read"}),
    ("GET",  "accounts/tokens/<uuid:pk>/revoke/", 302, 200, 404, 404),
    ("POST", "accounts/tokens/<uuid:pk>/revoke/", 303, 303, 404, 404),
    ("GET",  "accounts/tokens/<uuid:pk>/undo/",   302, 200, 404, 404),
    ("POST", "accounts/tokens/<uuid:pk>/undo/",   303, 303, 404, 404,
     {"since": "all"}),
    ("GET",  "accounts/security/events/",          302, 200, 200, 200),
    ("GET",  "accounts/security/events/download/", 302, 200, 200, 200),
    ("GET",  "accounts/sign-out-everywhere/", 302, 200, 200, 200),
    ("POST", "accounts/sign-out-everywhere/", 303, 303, 303, 303),
    ("GET",  "accounts/credentials/",         302, 200, 200, 200),
    ("GET",  "accounts/credentials/end-others/", 302, 200, 200, 200),
    ("POST", "accounts/credentials/end-others/", 303, 303, 303, 303),
    ("GET",  "accounts/credentials/<str:pk>/end/", 302, 200, 404, 404),
    ("POST", "accounts/credentials/<str:pk>/end/", 303, 303, 404, 404),
    ("GET",  "accounts/sign-in-again/",       302, 302, 302, 302),
    ("GET",  "accounts/delete/",              302, 200, 200, 200),
    ("POST", "accounts/delete/",              303, 303, 303, 303),
    ("GET",  "accounts/connect/",             302, 200, 200, 200),
    ("POST", "accounts/connect/",             303, 200, 200, 200),
    ("GET",  "accounts/connect/confirm/",     302, 302, 302, 302),
    ("POST", "accounts/connect/confirm/",     303, 303, 303, 303),
    ("GET",  "accounts/disconnect/<uuid:pk>/", 302, 200, 404, 404),
    ("POST", "accounts/disconnect/<uuid:pk>/", 303, 303, 404, 404),
    ("GET",  "accounts/paused/",                   302, 200, 200, 200),
    ("GET",  "accounts/paused/<uuid:pk>/keep/",    302, 200, 404, 404),
    ("POST", "accounts/paused/<uuid:pk>/keep/",    303, 303, 404, 404),
    ("GET",  "accounts/support/",              302, 200, 200, 200),
    ("GET",  "accounts/support/<uuid:pk>/",    302, 200, 404, 404),
    ("GET",  "accounts/support/allow/",        302, 200, 200, 200),
    ("POST", "accounts/support/allow/",        303, 303, 303, 303,
     {"minutes": "15", "reason": "A task is gone"}),
    ("GET",  "accounts/support/end/",          302, 200, 200, 200),
    ("POST", "accounts/support/end/",          303, 303, 303, 303),
    # Nobody here is leaving; see tests/accounts/test_page_leaving.py.
    ("GET",  "accounts/leaving/",              302, 302, 302, 302),
    ("POST", "accounts/leaving/",              303, 303, 303, 303),
    ("GET",  "accounts/leaving/download/",     302, 302, 302, 302),
    ("POST", "accounts/leaving/download/",     303, 303, 303, 303),
    ("GET",  "accounts/export-everything/",    302, 200, 200, 200),
    ("POST", "accounts/export-everything/",    303, 200, 200, 200),
    ("GET",  "accounts/keep/<str:token>/",     404, 404, 404, 404),
    ("POST", "accounts/keep/<str:token>/",     404, 404, 404, 404),
    # No caller has a factor; tests/accounts/test_factors_sign_in.py is about those.
    ("GET",  "accounts/2fa/",                 302, 200, 200, 200),
    ("GET",  "accounts/2fa/app/",             302, 200, 200, 200),
    ("POST", "accounts/2fa/app/",             303, 200, 200, 200, {"code": "000000"}),
    ("GET",  "accounts/2fa/passkeys/add/",    302, 200, 200, 200),
    ("POST", "accounts/2fa/passkeys/add/",    303, 200, 200, 200, {"name": "Key"}),
    ("GET",  "accounts/2fa/passkeys/<int:pk>/", 302, 404, 404, 404),
    ("POST", "accounts/2fa/passkeys/<int:pk>/", 303, 404, 404, 404, {"name": "Key"}),
    ("GET",  "accounts/2fa/<int:pk>/remove/", 302, 302, 302, 302),
    ("POST", "accounts/2fa/<int:pk>/remove/", 303, 303, 303, 303),
    ("GET",  "accounts/2fa/codes/",           302, 302, 302, 302),
    ("POST", "accounts/2fa/codes/",           303, 303, 303, 303),
    ("GET",  "accounts/2fa/codes/download/",  302, 302, 302, 302),
    ("GET",  "accounts/2fa/passkeys/options/<purpose_of_user:purpose>/",
     302, 302, 302, 302),
    ("POST", "accounts/2fa/passkeys/options/<purpose_of_user:purpose>/",
     303, 200, 200, 200),
    ("GET",  "accounts/2fa/passkeys/options/<purpose_of_visitor:purpose>/",
     302, 302, 302, 302),
    ("POST", "accounts/2fa/passkeys/options/<purpose_of_visitor:purpose>/",
     200, 200, 200, 200),
    ("GET",  "accounts/2fa/confirm/",         302, 302, 302, 302),
    ("POST", "accounts/2fa/confirm/",         303, 303, 303, 303),
    ("GET",  "accounts/2fa/step/",            302, 302, 302, 302),
    ("POST", "accounts/2fa/step/",            303, 303, 303, 303),
    ("GET",  "accounts/2fa/sign-in/",         302, 302, 302, 302),
    ("POST", "accounts/2fa/sign-in/",         303, 303, 303, 303),
    ("GET",  "accounts/connected/<uuid:pk>/second-step/", 302, 200, 404, 404),
    ("POST", "accounts/connected/<uuid:pk>/second-step/", 303, 303, 404, 404),
    ("GET",  "accounts/outside/",             302, 302, 302, 302),
    ("GET",  "accounts/outside/new/",         302, 302, 302, 302),
    ("GET",  "accounts/email/",               302, 200, 200, 200),
    ("POST", "accounts/email/",               303, 200, 200, 200,
     {"action_add": "", "email": "no address"}),
    ("GET",  "accounts/reauthenticate/",      302, 200, 200, 200),
    ("POST", "accounts/reauthenticate/",      303, 303, 303, 303,
     {"password": PASSWORD}),
    ("GET",  "accounts/reauthenticate/code/", 302, 200, 200, 200),
    ("POST", "accounts/reauthenticate/code/", 303, 200, 200, 200,
     {"recipient": "nobody@example.com"}),
    ("GET",  "accounts/reauthenticate/code/confirm/", 302, 302, 302, 302),
    ("POST", "accounts/reauthenticate/code/confirm/", 303, 303, 303, 303),
    ("GET",  "accounts/password/change/",     302, 200, 200, 200),
    ("POST", "accounts/password/change/",     303, 200, 200, 200,
     {"oldpassword": "wrong"}),
    ("GET",  "accounts/password/set/",        302, 302, 302, 302),
    ("POST", "accounts/password/set/",        303, 303, 303, 303),
    ("GET",  "accounts/logout/",              302, 200, 200, 200),
    ("POST", "accounts/logout/",              303, 303, 303, 303),
    # For holders of the link in a reminder mail, including mail programs.
    ("GET",  "reminders/<str:token>/",        200, 200, 200, 200),
    ("POST", "reminders/<str:token>/",        200, 200, 200, 200),
    # Public, mainly for visitors.
    ("GET",  "accounts/login/",               200, 302, 302, 302),
    ("POST", "accounts/login/",               303, 303, 303, 303,
     {"login": "alice@example.com", "password": PASSWORD}),
    ("GET",  "accounts/signup/",              200, 302, 302, 302),
    ("POST", "accounts/signup/",              303, 303, 303, 303,
     {"email": "carol@example.com", "password1": PASSWORD}),
    ("GET",  "accounts/inactive/",            200, 200, 200, 200),
    ("GET",  "accounts/oidc/better-auth/login/",          404, 404, 404, 404),
    ("POST", "accounts/oidc/better-auth/login/",          404, 404, 404, 404),
    ("GET",  "accounts/oidc/better-auth/login/callback/", 404, 404, 404, 404),
    ("GET",  "accounts/outside/cancelled/",   200, 200, 200, 200),
    ("GET",  "accounts/outside/error/",       401, 401, 401, 401),
    ("GET",  "accounts/confirm-email/",       200, 200, 200, 200),
    ("GET",  r"accounts/^confirm-email/(?P<key>[-:\w]+)/$", 200, 200, 200, 200),
    ("POST", r"accounts/^confirm-email/(?P<key>[-:\w]+)/$", 303, 303, 303, 303),
    ("GET",  "accounts/login/code/confirm/",  302, 302, 302, 302),
    ("POST", "accounts/login/code/confirm/",  303, 303, 303, 303),
    ("GET",  "accounts/password/reset/",      200, 200, 200, 200),
    ("POST", "accounts/password/reset/",      303, 303, 303, 303,
     {"email": "alice@example.com"}),
    ("GET",  "accounts/password/reset/done/", 200, 200, 200, 200),
    ("GET",  r"accounts/^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
     200, 200, 200, 200),
    ("POST", r"accounts/^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
     200, 200, 200, 200),
    ("GET",  "accounts/password/reset/key/done/", 200, 200, 200, 200),
]]

# Public, with the same response for everyone.
PUBLIC = [Row("GET", route, status, status, status, status) for route, status in [
    ("api/schema", 200),
    ("api/docs", 200),
    ("manifest.webmanifest", 200),
    ("sw.js", 200),
    ("offline/", 200),
    ("healthz", 200),
    ("readyz", 200),
    ("doctor", 404),
    (".well-known/jwks.json", 200),
    (".well-known/change-password", 302),
    (".well-known/security.txt", 200),
]]

# Routes that require a sign-in within the last 15 minutes, and the other response.
RECENT = {
    ("DELETE", "api/v1/users/me"): 403,
    **{
        (method, f"accounts/{page}"): status
        for method, status in (("GET", 302), ("POST", 303))
        for page in (
            *("connect/", "connect/confirm/", "disconnect/<uuid:pk>/"),
            *("paused/<uuid:pk>/keep/", "email/", "password/set/", "delete/"),
            *("support/allow/", "export-everything/", "tokens/new/"),
            *("2fa/app/", "2fa/passkeys/add/", "2fa/passkeys/<int:pk>/"),
            *("2fa/<int:pk>/remove/", "2fa/codes/", "2fa/codes/download/"),
            "connected/<uuid:pk>/second-step/",
        )
    },
}

# Where the kind of credential makes a difference.
SPECIAL = {
    (JWT, "POST", "api/v1/auth/token/exchange"): 200,
    # The page also mentions the end of the session there.
    (COOKIE, "GET", "accounts/logout/"): 200,
}

# The admin, whose actions have tests of their own.
ADMIN = [Row("GET", f"admin/{route}", *statuses) for route, *statuses in [
    ("",                                      302, 302, 302, 200),
    ("login/",                                302, 403, 403, 302),
    ("logout/",                               302, 302, 302, 405),
    ("password_change/",                      302, 302, 302, 302),
    ("password_change/done/",                 302, 302, 302, 200),
    ("autocomplete/",                         302, 302, 302, 403),
    ("jsi18n/",                               302, 302, 302, 200),
    ("auth/group/",                           302, 302, 302, 403),
    ("auth/group/add/",                       302, 302, 302, 403),
    ("auth/group/<path:object_id>/",          302, 302, 302, 302),
    ("auth/group/<path:object_id>/history/",  302, 302, 302, 302),
    ("auth/group/<path:object_id>/delete/",   302, 302, 302, 403),
    ("auth/group/<path:object_id>/change/",   302, 302, 302, 403),
    ("accounts/user/",                        302, 302, 302, 200),
    ("accounts/user/add/",                    302, 302, 302, 403),
    ("accounts/user/<path:object_id>/",         302, 302, 302, 302),
    ("accounts/user/<path:object_id>/history/", 302, 302, 302, 200),
    ("accounts/user/<path:object_id>/delete/",  302, 302, 302, 403),
    ("accounts/user/<path:object_id>/change/",  302, 302, 302, 200),
    ("accounts/user/<uuid:user_id>/deactivate/",          302, 302, 302, 200),
    ("accounts/user/<uuid:user_id>/reactivate/",          302, 302, 302, 302),
    ("accounts/user/<uuid:user_id>/send-password-reset/", 302, 302, 302, 200),
    # For superusers only.
    ("accounts/user/<uuid:user_id>/reset-second-step/",   302, 302, 302, 403),
    ("accounts/user/<uuid:user_id>/sign-out-everywhere/", 302, 302, 302, 200),
    # A superuser may let staff do this.
    ("accounts/user/<uuid:user_id>/request-deletion/",    302, 302, 302, 403),
    ("accounts/user/better-auth-doctor/",       302, 302, 302, 200),
    # Alice lets nobody look at her tasks here.
    ("accounts/user/<uuid:user_id>/support-view/",        302, 302, 302, 200),
    ("accounts/user/<uuid:user_id>/support-view/lists/",  302, 302, 302, 403),
    ("accounts/user/<uuid:user_id>/support-view/lists/<uuid:list_id>/",
     302, 302, 302, 403),
    ("accounts/user/<uuid:user_id>/support-view/tasks/<uuid:task_id>/",
     302, 302, 302, 403),
    ("^(?P<app_label>auth|accounts)/$",       302, 302, 302, 200),
    ("(?P<url>.*)$",                          302, 302, 302, 404),
]]
# fmt: on

# --- The table and the URLconf ----------------------------------------------------


def routes_of(resolver, prefix=""):
    """Return every route of the site, as written in the URLconf."""
    found = []
    for entry in resolver.url_patterns:
        route = prefix + str(entry.pattern)
        inner = [route] if isinstance(entry, URLPattern) else routes_of(entry, route)
        found.extend(inner)
    return found


def test_every_route_of_the_site_has_its_rows_in_the_table():
    routes = set(routes_of(get_resolver()))
    decided = {row.route for row in API + PAGES + PUBLIC + ADMIN}

    one_slash_form = {
        route.removesuffix("/") if route.startswith("api/") else route
        for route in routes
    }

    assert decided == one_slash_form


def test_every_route_of_the_api_is_served_in_both_slash_forms():
    routes = {route for route in routes_of(get_resolver()) if route.startswith("api/")}

    assert all(
        route.removesuffix("/") in routes and f"{route.removesuffix('/')}/" in routes
        for route in routes
    )


def test_no_row_of_the_table_is_a_duplicate():
    decided = [(row.method, row.route) for row in API + PAGES + PUBLIC + ADMIN]

    assert len(set(decided)) == len(decided)


def test_every_redirect_after_a_post_is_303():
    posts = [row for row in API + PAGES + PUBLIC + ADMIN if row.method == "POST"]

    assert not [row.route for row in posts if 302 in row[2:6]]


# --- Requests for the table -------------------------------------------------------


class AliceObjects:
    """The objects of Alice, and their paths."""

    def __init__(self, alice):
        self.alice = alice
        self.task = TaskFactory(owner=alice, title="Buy milk")
        self.trashed = TaskFactory(owner=alice)
        actions.trash_task(caller_of(alice), task_id=self.trashed.pk)
        self.change = alice.changes.get(entity_id=self.task.pk).pk
        self.list = TaskListFactory(owner=alice)
        self.batch = alice.changes.get(entity_id=self.list.pk).batch
        self.label = actions.create_label(caller_of(alice), name="home")
        other_label = actions.create_label(caller_of(alice), name="house")
        pending_address = EmailAddress(user=alice, email="alice@new.example")
        pending_address.save()
        self.key = Confirmation(pending_address).key
        self.identity = LinkedIdentity.objects.create(
            user=alice,
            issuer="https://issuer.example",
            subject="alice",
            created_at=timezone.now(),
            last_used_at=timezone.now(),
        )
        earlier = timezone.now() - timedelta(days=1)
        self.grant = alice.support_grants.create(
            reason="A task is gone",
            epoch=alice.credential_epoch,
            granted_at=earlier,
            expires_at=earlier,
            ended_at=earlier,
        )
        self.upload = import_files.keep(
            alice,
            name="tasks.csv",
            format="csv",
            mapping={},
            content=b"title",
            report={},
            at=timezone.now(),
        )
        self.token, _ = token_of(alice)
        self.refresh = tokens.start_family(user=alice, at=timezone.now()).refresh
        self.family = tokens.RefreshToken.read(self.refresh).family_id
        inbox = alice.task_lists.get(is_inbox=True)
        self.named_in = {
            id(BULK): {**BULK, "ids": [str(self.task.pk)]},
            id(TO_LIST): {"list": str(self.list.pk)},
            id(AFTER_LIST): {"after": str(inbox.pk)},
            id(INTO_LABEL): {"into": str(other_label.pk)},
        }

    def path_of(self, route):
        """Return the path of a route, with Alice's ids in it."""
        in_trash = "/restore/" in route or "/remove/" in route
        task = self.trashed if in_trash else self.task
        path = (
            route.replace("<uuid:task_id>", str(self.task.pk))
            .replace("<str:task_id>", str(self.task.pk))
            .replace("<uuid:list_id>", str(self.list.pk))
            .replace("<uuid:label_id>", str(self.label.pk))
            .replace("<str:user_id>", str(self.alice.pk))
            .replace("<user_id:user_id>", str(self.alice.pk))
            .replace("<uuid:batch>", str(self.batch))
            .replace("<uuid:key>", str(self.upload.key))
            .replace("<slug:property>", "title")
            .replace("<uuid:change>", str(self.change))
            .replace("<str:token>", reminder_mails.token_of(self.alice))
            .replace("tasks/<uuid:pk>", f"tasks/{task.pk}")
            .replace("lists/<uuid:pk>", f"lists/{self.list.pk}")
            .replace("labels/<uuid:pk>", f"labels/{self.label.pk}")
            .replace("tokens/<uuid:pk>", f"tokens/{self.token.pk}")
            .replace("paused/<uuid:pk>", f"paused/{self.identity.pk}")
            .replace("support/<uuid:pk>", f"support/{self.grant.pk}")
            .replace("<str:credential_id>", f"token-{self.family}")
            .replace("credentials/<str:pk>", f"credentials/token-{self.family}")
            .replace("disconnect/<uuid:pk>", f"disconnect/{self.identity.pk}")
            .replace("connected/<uuid:pk>", f"connected/{self.identity.pk}")
            .replace("<int:pk>", "1")
            .replace("<purpose_of_user:purpose>", "confirm")
            .replace("<purpose_of_visitor:purpose>", "sign-in")
            .replace("<uuid:user_id>", str(self.alice.pk))
            .replace("auth/group/<path:object_id>", "auth/group/0")
            .replace("<path:object_id>", str(self.alice.pk))
            .replace(r"^confirm-email/(?P<key>[-:\w]+)/$", f"confirm-email/{self.key}/")
            .replace(r"(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$", "0-no-such-key/")
            .replace("^password", "password")
            .replace("^(?P<app_label>auth|accounts)/$", "accounts/")
            .replace("(?P<url>.*)$", "no/such/page/")
        )
        assert not re.search(r"[<>^$]", path), f"no sample for {route}"
        return f"/{path}"

    def status_of(self, client, method, route, body):
        """Send one request, and roll back its changes."""
        if body is REFRESH:
            body = {"refresh": self.refresh}
        body = self.named_in.get(id(body), body)
        as_json = {"content_type": "application/json"} if "api/" in route else {}
        if body is UPLOAD:
            as_json, file = {}, SimpleUploadedFile("tasks.csv", b"title\nBuy milk\n")
            body = {**UPLOAD, "file": file}
        with transaction.atomic():
            send = getattr(client, method.lower())
            cookies = copy.copy(client.cookies)
            response = send(self.path_of(route), body, **as_json)
            client.cookies = cookies
            transaction.set_rollback(True)
        return response.status_code


class Callers(AliceObjects):
    """The objects of Alice, and all kinds of callers."""

    def __init__(self, *, alice, bob, sam, better_auth_users):
        super().__init__(alice)
        self.better_auth_users = better_auth_users
        self.sam = support.join(sam)
        locked = UserFactory(email="lena@example.com")
        users = {"owner": alice, "stranger": bob, "staff": sam}
        self.clients = clients_of(users, better_auth_users)
        self.clients[SESSION]["anonymous"] = Client()
        now = timezone.now()
        self.clients[SESSION]["locked"] = browser_of(locked, proof=password_at(now))
        pair = tokens.start_family(user=locked, at=now, authenticated_at=now)
        self.clients[TOKEN]["locked"] = Client(
            headers={"Authorization": f"Bearer {pair.access}"}
        )
        locked.is_active = False
        locked.save()

    def use_factor(self):
        """Let staff sign in with a second factor, which the admin requires."""
        now = timezone.now()
        with_app(self.sam, at=now)
        for kind in (SESSION, OLD + SESSION):
            self.clients[kind]["staff"] = browser_of(self.sam, proof=factor_at(now))


@pytest.fixture(scope="module")
def better_auth_users(better_auth_host):
    users = BetterAuthUsers(better_auth_host, ["owner", "stranger", "staff"])
    yield users
    users.end()


@pytest.fixture
def callers(alice, bob, sam, better_auth_users, settings):
    settings.BETTER_AUTH_ISSUERS = json.dumps(
        [{"url": better_auth_users.url, "sessions": True}]
    )
    return Callers(alice=alice, bob=bob, sam=sam, better_auth_users=better_auth_users)


def rows_of(*tables):
    """Return the rows by their route."""
    by_route = defaultdict(list)
    for row in sum(tables, []):
        by_route[row.route].append(row)
    return by_route


def decided(rows, method):
    """Return the row of a method, or the implied one."""
    for row in rows:
        if row.method == method or (row.method, method) == ("GET", "HEAD"):
            return row
    # Access is checked before the method.
    first = rows[0]
    is_public = first in PUBLIC or first.anonymous in {200, 201, 204}
    wrong = 200 if method == "OPTIONS" else 405
    closed = {} if is_public else {401: 401, 403: 403}
    # Signed-in users are redirected by the view, which other methods don't reach.
    signs_in = {} if is_public else {302: 303 if method == "POST" else 302}
    return Row(
        method,
        first.route,
        (closed | signs_in).get(first.anonymous, wrong),
        *(
            closed.get(status, wrong)
            for status in (first.owner, first.stranger, first.staff)
        ),
    )


def expected(row, caller, kind, view):
    """Return the expected status for a caller with this credential."""
    plain = kind.removeprefix(OLD)
    is_api = row.route.startswith("api/")
    counts = caller != "locked" and (is_api or plain in {SESSION, COOKIE})
    if plain == COOKIE:
        # Staff sign in here, and public pages call no other server.
        asks_who = is_api or getattr(view, "login_required", True)
        counts = counts and caller != "staff" and asks_who
    if (plain, row.method, row.route) in SPECIAL:
        return SPECIAL[plain, row.method, row.route]
    if counts and kind != plain and (row.method, row.route) in RECENT:
        return RECENT[row.method, row.route]
    return getattr(row, caller if counts else "anonymous")


def found_in(wrong):
    """Return the contradictions of the routes that have any."""
    return {route: found for route, found in wrong.items() if found}


def kinds_for(rows, method):
    """Return the kinds of credential with which a route is requested by a method.

    Methods outside the table and public routes are requested with the simplest ones.
    """
    row = decided(rows, method)
    if row.method != method or row not in rows or row in PUBLIC:
        return [SESSION, TOKEN]
    is_api = row.route.startswith("api/")
    return [kind for kind in KINDS if is_api or not kind.endswith(JWT)]


def methods_for(rows):
    """Return the methods by which a route is requested."""
    if rows[0] in PUBLIC or rows[0] in ADMIN:
        return {"GET", "HEAD"}
    if "accounts/" in rows[0].route:
        # The pages of allauth are requested with their own methods.
        return {row.method for row in rows}
    return METHODS


def contradictions(callers, rows):
    """Return the responses that differ from the table."""
    limits.forget()
    wrong = {}
    view = resolve(callers.path_of(rows[0].route)).func
    for method in sorted(methods_for(rows)):
        row = decided(rows, method)
        for kind in kinds_for(rows, method):
            for caller, client in callers.clients[kind].items():
                found = callers.status_of(client, method, row.route, row.body)
                note(Asked(method, row.route, kind, caller), found)
                if found != expected(row, caller, kind, view):
                    wrong[f"{method} {caller} by {kind}"] = found
    if rows[0].route == LOGOUT:
        callers.better_auth_users.forget()
    return wrong


LOGOUT = "accounts/logout/"  # ends the sessions at the external issuer as well
PARTS = 10  # of each table, for several workers; callers are made once in each


def parts_of(*tables):
    """Return the rows of the tables by their route, in parts of about equal length."""
    routes = sorted(rows_of(*tables).items(), key=lambda item: item[0] == LOGOUT)
    return [dict(routes[part::PARTS]) for part in range(PARTS) if routes[part:]]


def in_parts(*tables):
    return pytest.mark.parametrize("by_route", parts_of(*tables), ids=itertools.count())


@in_parts(API)
def test_the_api_responds_as_the_table_says(callers, by_route):
    wrong = {route: contradictions(callers, rows) for route, rows in by_route.items()}

    assert not any(wrong.values()), found_in(wrong)


@in_parts(PAGES)
def test_the_pages_respond_as_the_table_says(callers, by_route):
    wrong = {route: contradictions(callers, rows) for route, rows in by_route.items()}

    assert not any(wrong.values()), found_in(wrong)


@in_parts(PUBLIC)
def test_the_public_routes_respond_as_the_table_says(callers, by_route):
    wrong = {route: contradictions(callers, rows) for route, rows in by_route.items()}

    assert not any(wrong.values()), found_in(wrong)


@in_parts(ADMIN)
def test_the_admin_responds_as_the_table_says(callers, by_route):
    callers.use_factor()
    wrong = {route: contradictions(callers, rows) for route, rows in by_route.items()}

    assert not any(wrong.values()), found_in(wrong)


@in_parts(ADMIN)
def test_the_admin_never_answers_a_post_with_302(callers, by_route):
    callers.use_factor()
    clients = callers.clients[SESSION].values()

    redirects = [
        route
        for route in by_route
        for client in clients
        if callers.status_of(client, "POST", route, {}) == 302
    ]

    assert redirects == []
