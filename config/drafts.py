"""Drafts: the input of a form that was sent after its session had ended.

A session can end while a page is open, or the page can hold the CSRF token of an
earlier sign-in. The input is then kept in the session for an hour. After signing in,
the user sees the form with the input again and decides whether to save it. The URL
contains a random id of the draft, never its text.

The form contains a signed mark of the user for whom the page was rendered (`mark_of`).
Another user who signs in with the same browser never sees the draft, and a visitor who
has never signed in can't make the server store anything.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypedDict

from django.contrib import messages
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import SuspiciousOperation
from django.core.signing import BadSignature, Signer
from django.http import HttpRequest, HttpResponse, QueryDict, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.generic.edit import BaseFormView

from config.api.throttling import count_request
from config.origins import is_own
from config.uploads import takes_files

if TYPE_CHECKING:
    _FormView = BaseFormView[Any]
else:
    _FormView = BaseFormView  # which is not generic at run time

PAGE_OF = "page_of"  # the form field with the mark of the user
DRAFT = "draft"  # the query parameter with the id of a draft
KEPT_FOR = timedelta(hours=1)
# The longest notes in characters of four bytes each, and the rest of the form.
BYTES_MAX = 96 * 1024
DRAFTS_MAX = 3  # in one session; older ones are dropped
NEXT_MAX_LENGTH = 1000
SESSION_KEY = "drafts"
OTHER_ACCOUNT = "You are now signed in to another account."
NOT_KEPT = {"csrfmiddlewaretoken", PAGE_OF}


class Refused(Exception):
    """The input can't be kept as a draft. The text of the exception says why."""


class Draft(TypedDict):
    """The input of one form, as the session stores it."""

    owner: str  # the id of the user
    path: str  # of the form
    at: str  # when it was sent, in ISO 8601
    fields: list[tuple[str, str]]  # names and values


def mark_of(user: AbstractBaseUser) -> str:
    """Return the mark for the forms on pages of this user."""
    return _signer().sign(str(user.pk))


def _owner_of(request: HttpRequest) -> str | None:
    """Return the id of the user whose page the form was on, or None."""
    try:
        return _signer().unsign(request.POST.get(PAGE_OF, ""))
    except BadSignature:
        return None


def _signer() -> Signer:
    return Signer(salt="ownlist.page-of")


# --- Keeping ----------------------------------------------------------------------


def way_back(request: HttpRequest) -> str:
    """Return the URL at which a refused form can be sent again.

    The URL names a draft with the input if the view of the form is a `KeepsDraft`.

    Raises:
        Refused: the input can't be kept.
    """
    if request.method != "POST" or takes_files(request):
        return request.get_full_path()
    query = request.GET.copy()
    query.pop(DRAFT, None)
    onward = request.POST.get(REDIRECT_FIELD_NAME, "")
    if REDIRECT_FIELD_NAME not in query and is_own_path(onward, request):
        query[REDIRECT_FIELD_NAME] = onward
    if draft := _keep(request):
        query[DRAFT] = draft
    return f"{request.path}?{query.urlencode()}" if query else request.path


def is_own_path(path: str, request: HttpRequest) -> bool:
    """Whether a path that was sent as the next page is safe to redirect to."""
    return (
        path.startswith("/")
        and len(path) <= NEXT_MAX_LENGTH
        and path.isprintable()
        and url_has_allowed_host_and_scheme(
            path,
            allowed_hosts={request.get_host()},
            require_https=request.is_secure(),
        )
    )


def _keep(request: HttpRequest) -> str | None:
    """Keep the input of the form and return the id of the draft, or None."""
    owner = _owner_of(request)
    if owner is None or not keeps_draft(request):
        return None
    if is_of_another_user(request):
        raise Refused(OTHER_ACCOUNT)
    fields = _fields_of(request)
    if _size_of(fields) > BYTES_MAX:
        raise Refused("Your text is too long to keep.")
    now = timezone.now()
    if count_request("draft", owner, now=now.timestamp()).wait is not None:
        raise Refused("Too much text was kept within the last hour.")
    key = secrets.token_urlsafe(12)
    drafts = _live(request, now=now)
    drafts[key] = Draft(
        owner=owner, path=request.path, at=now.isoformat(), fields=fields
    )
    latest = list(drafts.items())[-DRAFTS_MAX:]
    request.session[SESSION_KEY] = dict(latest)
    if not request.user.is_authenticated:
        request.session.set_expiry(KEPT_FOR)  # `claim` resets it
    return key


def _fields_of(request: HttpRequest) -> list[tuple[str, str]]:
    return [
        (name, value)
        for name, values in request.POST.lists()
        if name not in NOT_KEPT
        for value in values
    ]


def _size_of(fields: list[tuple[str, str]]) -> int:
    return sum(len(part.encode("utf-8", "replace")) for one in fields for part in one)


def unsent(request: HttpRequest) -> list[tuple[str, str]]:
    """Return the input of a form that was refused, to be sent again from an error page.

    There is none if the form has a password or a file, or was not on a page of this
    site, which must not make users confirm what they never wrote.
    """
    if request.method != "POST" or not keeps_draft(request) or takes_files(request):
        return []
    if not is_own(request, request.headers.get("Origin", "")):
        return []
    try:
        fields = _fields_of(request)
    except (SuspiciousOperation, MultiPartParserError, UnreadablePostError):
        return []  # it could not be read, which may be the error
    if mark := request.POST.get(PAGE_OF):
        fields.append((PAGE_OF, mark))
    return fields if _size_of(fields) <= BYTES_MAX else []


def keeps_draft(request: HttpRequest) -> bool:
    """Whether the view of this request is a `KeepsDraft`."""
    match = request.resolver_match
    view = getattr(match.func, "view_class", None) if match else None
    return view is not None and issubclass(view, KeepsDraft)


def is_of_another_user(request: HttpRequest) -> bool:
    """Whether the form was on a page of another user than the one signed in."""
    owner = _owner_of(request)
    is_signed_in = request.user.is_authenticated
    return is_signed_in and owner is not None and owner != str(request.user.pk)


# --- Restoring --------------------------------------------------------------------


def _live(request: HttpRequest, *, now: datetime) -> dict[str, Draft]:
    """Return the drafts of this session that have not expired, by id."""
    drafts: dict[str, Draft] = request.session.get(SESSION_KEY, {})
    return {
        key: draft
        for key, draft in drafts.items()
        if now - datetime.fromisoformat(draft["at"]) < KEPT_FOR
    }


def _read(request: HttpRequest) -> QueryDict | None:
    """Return the fields of the draft that the URL names, if it is the user's."""
    key = request.GET.get(DRAFT, "")
    if not key:
        return None
    draft = _live(request, now=timezone.now()).get(key)
    if draft is None or draft["path"] != request.path:
        return None
    if draft["owner"] != str(request.user.pk):
        return None
    fields = QueryDict(mutable=True)
    for name, value in draft["fields"]:
        fields.appendlist(name, value)
    return fields


def _forget(request: HttpRequest) -> None:
    """Drop the drafts of a form that has now been saved."""
    drafts: dict[str, Draft] = request.session.get(SESSION_KEY, {})
    others = {key: one for key, one in drafts.items() if one["path"] != request.path}
    if len(others) < len(drafts):
        request.session[SESSION_KEY] = others


def claim(*, request: HttpRequest, user: AbstractBaseUser, **kwargs: object) -> None:
    """Drop the drafts of other users from a session in which `user` signs in."""
    session = getattr(request, "session", None)
    if session is None:
        return
    drafts: dict[str, Draft] = session.get(SESSION_KEY, {})
    if drafts:
        own = {key: one for key, one in drafts.items() if one["owner"] == str(user.pk)}
        session[SESSION_KEY] = own
        session.set_expiry(None)  # the default of signed-in sessions; see `_keep`


class KeepsDraft(_FormView):
    """A mixin for form views whose input is kept while the user signs in again.

    The template has `{% page_of %}` inside the form. Name this class before the class
    of the view.
    """

    @cached_property
    def draft(self) -> QueryDict | None:
        """The earlier input that the URL names, if any."""
        return _read(self.request) if self.request.method == "GET" else None

    def dispatch(
        self, request: HttpRequest, *args: object, **kwargs: object
    ) -> HttpResponseBase:
        response = super().dispatch(request, *args, **kwargs)
        if request.method == "POST" and response.status_code in {302, 303}:
            _forget(request)
        return response

    def get(
        self, request: HttpRequest, *args: object, **kwargs: object
    ) -> HttpResponse:
        if self.draft is not None:
            messages.info(
                request,
                "Your text has been restored but not saved yet. Check it and save.",
            )
        return super().get(request, *args, **kwargs)

    def get_form_kwargs(self) -> dict[str, Any]:
        given = super().get_form_kwargs()
        return given if self.draft is None else given | {"data": self.draft}
