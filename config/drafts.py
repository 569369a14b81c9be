"""What was written into a form that could not be taken: kept until it can be.

A session ends while a page is open, or its CSRF token is of an earlier sign-in. What
was written is kept in the session, for an hour; the user signs in, and the page comes
back with it. Nothing is saved on the way: that is the user's to do. The address names
the draft by a random id, never by its text.

Whose draft it is, the form itself says: it holds a signed mark of the user that the
page was made for (`mark_of`). So nobody else who signs in on the same browser is shown
it, and who has never been signed in can't make the server keep anything.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django.contrib import messages
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.signing import BadSignature, Signer
from django.http import HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.generic.base import View

from config.api.throttling import count_request

PAGE_OF = "page_of"  # the field of a form with the mark of its user
DRAFT = "draft"  # the parameter of an address with the id of a draft
KEPT_FOR = timedelta(hours=1)
# The longest notes, of characters that take four bytes each, and the rest of the form.
BYTES_MAX = 96 * 1024
DRAFTS_MAX = 3  # in one session, the latest
NEXT_MAX_LENGTH = 1000
SESSION_KEY = "drafts"
OTHER_ACCOUNT = "You are signed in to another account now."
NOT_KEPT = {"csrfmiddlewaretoken", PAGE_OF}


class Refused(Exception):
    """What was written can't be kept; the text says why."""


def mark_of(user: AbstractBaseUser) -> str:
    """Return the mark of pages that are made for this user."""
    return _signer().sign(str(user.pk))


def _owner_of(request: HttpRequest) -> str | None:
    """Return the id of the user whose page the form was on, if it says so."""
    try:
        return _signer().unsign(request.POST.get(PAGE_OF, ""))
    except BadSignature:
        return None


def _signer() -> Signer:
    return Signer(salt="ownlist.page-of")


# --- Keeping ----------------------------------------------------------------------


def way_back(request: HttpRequest) -> str:
    """Return the address at which a form that was refused can be sent again.

    With its text, where its view is one that `KeepsDraft`.

    Raises:
        Refused: the text would be lost on the way.
    """
    if request.method != "POST":
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
    """Whether the path that a form asks to go on to is one of this site."""
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
    """Keep the form, and return the id of the draft; None where there is no need."""
    owner = _owner_of(request)
    if owner is None or not keeps_draft(request):
        return None
    if is_of_another_user(request):
        raise Refused(OTHER_ACCOUNT)
    fields = [
        (name, value)
        for name, values in request.POST.lists()
        if name not in NOT_KEPT
        for value in values
    ]
    size = sum(len(part.encode("utf-8", "replace")) for one in fields for part in one)
    if size > BYTES_MAX:
        raise Refused("It is too long to be kept.")
    now = timezone.now()
    if count_request("draft", owner, now=now.timestamp()).wait is not None:
        raise Refused("Too much was kept within the last hour.")
    key = secrets.token_urlsafe(12)
    drafts = _live(request, now=now)
    drafts[key] = {
        "owner": owner,
        "path": request.path,
        "at": now.isoformat(),
        "fields": fields,
    }
    latest = list(drafts.items())[-DRAFTS_MAX:]
    request.session[SESSION_KEY] = dict(latest)
    if not request.user.is_authenticated:
        request.session.set_expiry(KEPT_FOR)  # `claim` takes that back
    return key


def keeps_draft(request: HttpRequest) -> bool:
    """Whether the view of this request is one that `KeepsDraft`."""
    match = request.resolver_match
    view = getattr(match.func, "view_class", None) if match else None
    return view is not None and issubclass(view, KeepsDraft)


def is_of_another_user(request: HttpRequest) -> bool:
    """Whether the page of this form was made for somebody else than is signed in."""
    owner = _owner_of(request)
    is_signed_in = request.user.is_authenticated
    return is_signed_in and owner is not None and owner != str(request.user.pk)


# --- Showing again ----------------------------------------------------------------


def _live(request: HttpRequest, *, now: datetime) -> dict[str, Any]:
    """Return the drafts of this session that are not too old, by their ids."""
    drafts: dict[str, Any] = request.session.get(SESSION_KEY, {})
    return {
        key: draft
        for key, draft in drafts.items()
        if now - datetime.fromisoformat(draft["at"]) < KEPT_FOR
    }


def _read(request: HttpRequest) -> QueryDict | None:
    """Return the fields of the draft that the address names, if it is the user's."""
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
    """Drop the drafts of a form that was taken now."""
    drafts: dict[str, Any] = request.session.get(SESSION_KEY, {})
    others = {key: one for key, one in drafts.items() if one["path"] != request.path}
    if len(others) < len(drafts):
        request.session[SESSION_KEY] = others


def claim(*, request: HttpRequest, user: AbstractBaseUser, **kwargs: Any) -> None:
    """Let a session that somebody signed in to keep the drafts of that user alone."""
    session: Any = getattr(request, "session", {})
    drafts: dict[str, Any] = session.get(SESSION_KEY, {})
    if drafts:
        own = {key: one for key, one in drafts.items() if one["owner"] == str(user.pk)}
        session[SESSION_KEY] = own
        session.set_expiry(None)  # as every signed-in session; see `_keep`


class KeepsDraft(View):
    """A view of a form whose text is kept while its user signs in again.

    The template has `{% page_of %}` inside the form. Stands before the view's own
    class, so that its methods come first.
    """

    @cached_property
    def draft(self) -> QueryDict | None:
        """What was written before, where the address leads back to it."""
        return _read(self.request) if self.request.method == "GET" else None

    def dispatch(
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        response = super().dispatch(request, *args, **kwargs)
        if request.method == "POST" and response.status_code in {302, 303}:
            _forget(request)
        return response

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if self.draft is not None:
            messages.info(
                request,
                "This is what you wrote. It is not saved yet: check it, and save.",
            )
        response: HttpResponse = super().get(request, *args, **kwargs)  # type: ignore[misc]
        return response

    def get_form_kwargs(self) -> dict[str, Any]:
        given: dict[str, Any] = super().get_form_kwargs()  # type: ignore[misc]
        return given if self.draft is None else given | {"data": self.draft}
