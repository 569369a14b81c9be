"""What support staff may do to an account, and the pages that do it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from accounts import credentials, emails, factors
from accounts.authentication import user_of
from accounts.models import DELETION_STARTED, User

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[User]
else:
    ModelAdmin = admin.ModelAdmin


@dataclass(frozen=True, slots=True)
class SupportAction:
    """Something that support may do to an account after confirming a question.

    `record` is the text for the history of the admin and for the confirmation. Some
    actions need a reason, which is added to the history; those are for one account.
    """

    name: str
    permission: str
    label: str
    question: str
    record: str
    is_applicable: Callable[[User], bool]
    run: Callable[[HttpRequest, User], None]
    sends_mail: bool = False
    needs_reason: bool = False


def _deactivate(request: HttpRequest, user: User) -> None:
    credentials.deactivate(user=user, at=timezone.now(), by=user_of(request))


def _reactivate(request: HttpRequest, user: User) -> None:
    credentials.reactivate(user=user, at=timezone.now(), by=user_of(request))


def _sign_out(request: HttpRequest, user: User) -> None:
    credentials.sign_out_everywhere(user=user, at=timezone.now(), by=user_of(request))


def _request_deletion(request: HttpRequest, user: User) -> None:
    credentials.request_deletion(user=user, at=timezone.now(), by=user_of(request))


def _send_reset(request: HttpRequest, user: User) -> None:
    # allauth's form would look the address up again; the mail is for this account.
    emails.send_reset_link(request, user)


def _reset_factors(request: HttpRequest, user: User) -> None:
    factors.reset(user=user, at=timezone.now(), by=user_of(request))


REASON_MAX_LENGTH = 500
SUPPORT_ACTIONS = (
    SupportAction(
        name="reset-second-step",
        permission="accounts.reset_factors",  # nobody's but a superuser's
        label="Reset second step",
        question=(
            "All passkeys, the authenticator app and the recovery codes are removed,"
            " and all sessions and tokens end. Verify first that the request comes from"
            " the user, who gets an e-mail."
        ),
        record="Second step reset.",
        is_applicable=lambda user: user.has_factor,
        run=_reset_factors,
        needs_reason=True,
    ),
    SupportAction(
        name="deactivate",
        permission="accounts.deactivate_user",
        label="Deactivate",
        question=(
            "The user can't sign in any more, and all sessions and tokens end. "
            "No data is deleted: a requested deletion is cancelled."
        ),
        record="Deactivated.",
        is_applicable=lambda user: user.is_active or user.is_leaving,
        run=_deactivate,
    ),
    SupportAction(
        name="reactivate",
        permission="accounts.deactivate_user",
        label="Reactivate",
        question=(
            "The user can sign in again; earlier sessions and tokens stay ended. "
            "A requested deletion is cancelled."
        ),
        record="Reactivated.",
        is_applicable=lambda user: (
            not user.is_active and user.delete_after != DELETION_STARTED
        ),
        run=_reactivate,
    ),
    SupportAction(
        name="send-password-reset",
        permission="accounts.send_password_reset",
        label="Send password-reset e-mail",
        question="An e-mail with a link to choose a new password is sent to the user.",
        record="Password-reset e-mail sent.",
        is_applicable=lambda user: user.is_active and user.email is not None,
        run=_send_reset,
        sends_mail=True,
    ),
    SupportAction(
        name="sign-out-everywhere",
        permission="accounts.sign_out_user",
        label="Sign out everywhere",
        question="All sessions and tokens end. The password stays the same.",
        record="Signed out everywhere.",
        is_applicable=lambda user: user.is_active,
        run=_sign_out,
    ),
    SupportAction(
        name="request-deletion",
        permission="accounts.delete_user",
        label="Delete",
        question=(
            "The account is locked now. After "
            f"{credentials.DELETION_GRACE.days} days it is deleted for ever, with"
            " everything in it. Until then, its user can sign in to keep it."
        ),
        record="Deletion requested.",
        is_applicable=lambda user: user.is_active,
        run=_request_deletion,
    ),
)


def may_act_on(staff: User, user: User) -> bool:
    """Tell whether `staff` may act on this account at all.

    Nobody acts on their own account, and only superusers act on other staff: support
    must be a way neither to more permissions nor to lock out those who grant them.
    """
    if user == staff:
        return False
    return staff.is_superuser or not (user.is_staff or user.is_superuser)


class SupportActionsAdmin(ModelAdmin):
    """The pages of the actions: for one account each, and for several at once."""

    def get_urls(self) -> list[URLPattern]:
        pages = [
            path(
                f"<uuid:user_id>/{action.name}/",
                self.admin_site.admin_view(partial(self.act_on_one, action=action)),
                name=f"accounts_user_{action.name}",
            )
            for action in SUPPORT_ACTIONS
        ]
        return [*pages, *super().get_urls()]

    def links_of_actions(self, staff: User, user: User) -> list[tuple[str, str]]:
        """Return label and URL of each action that `staff` may run on the account."""
        return [
            (
                action.label,
                reverse(f"admin:accounts_user_{action.name}", args=[user.pk]),
            )
            for action in SUPPORT_ACTIONS
            if staff.has_perm(action.permission)
            and may_act_on(staff, user)
            and action.is_applicable(user)
        ]

    def act_on_one(
        self, request: HttpRequest, user_id: UUID, action: SupportAction
    ) -> HttpResponse:
        """Ask on GET; on POST run the action and redirect to the account."""
        user = self.get_object(request, str(user_id))
        if user is None:
            raise Http404
        staff = user_of(request)
        if not (staff.has_perm(action.permission) and may_act_on(staff, user)):
            raise PermissionDenied
        if not action.is_applicable(user):
            messages.error(
                request, f"{action.label}: the state of the account forbids it."
            )
        elif request.method == "POST" and _has_reason(request, action):
            self._perform(request, action, [user])
        else:
            return self._ask(request, action, [user])
        return HttpResponseRedirect(
            reverse("admin:accounts_user_change", args=[user.pk])
        )

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Offer the same actions for several accounts at once."""
        staff = user_of(request)
        return {
            action.name: (partial(_act_on_selected, action), action.name, action.label)
            for action in SUPPORT_ACTIONS
            if staff.has_perm(action.permission) and not action.needs_reason
        }

    def act_on_selected(
        self, request: HttpRequest, users: QuerySet[User], action: SupportAction
    ) -> HttpResponse | None:
        """Ask, and run the action once confirmed: on all selected accounts or none."""
        selected = list(users[: self.list_per_page + 1])
        if len(selected) > self.list_per_page:
            messages.error(request, f"Select at most {self.list_per_page} accounts.")
            return None
        staff = user_of(request)
        refused = [
            user
            for user in selected
            if not (may_act_on(staff, user) and action.is_applicable(user))
        ]
        if refused:
            messages.error(
                request,
                f"{action.label}: nothing was done. {len(refused)} of the accounts "
                "are staff, your own, or in a state that forbids it.",
            )
            return None
        if "confirmed" not in request.POST:
            return self._ask(request, action, selected)
        self._perform(request, action, selected)
        return None

    def _ask(
        self, request: HttpRequest, action: SupportAction, users: list[User]
    ) -> HttpResponse:
        context = self.admin_site.each_context(request) | {
            "title": f"{action.label}?",
            "opts": self.opts,
            "action": action,
            "users": users,
        }
        return TemplateResponse(
            request, "admin/accounts/user/confirm_action.html", context
        )

    def _perform(
        self, request: HttpRequest, action: SupportAction, users: list[User]
    ) -> None:
        # Another member of staff may have changed an account since it was read.
        changed = False
        for user in users:
            # No lock is held while a mail server responds.
            with nullcontext() if action.sends_mail else transaction.atomic():
                current = user if action.sends_mail else _locked(user)
                if current is None or not action.is_applicable(current):
                    changed = True
                    continue
                action.run(request, current)
                reason = _reason(request) if action.needs_reason else ""
                self.log_change(request, current, f"{action.record} {reason}".strip())
        if changed:
            messages.error(request, CHANGED)
        else:
            messages.success(request, action.record)


CHANGED = (
    "An account was changed by others meanwhile. Look at its state, and try again."
)


def _locked(user: User) -> User | None:
    """Lock the row of the user until the transaction ends; None if it is deleted."""
    return User.objects.select_for_update(no_key=True).filter(pk=user.pk).first()


def _reason(request: HttpRequest) -> str:
    return request.POST.get("reason", "").strip()[:REASON_MAX_LENGTH]


def _has_reason(request: HttpRequest, action: SupportAction) -> bool:
    """Tell whether the reason is there, if the action needs one."""
    if action.needs_reason and not _reason(request):
        messages.error(request, "Enter a reason.")
        return False
    return True


def _act_on_selected(
    action: SupportAction,
    model_admin: SupportActionsAdmin,
    request: HttpRequest,
    users: QuerySet[User],
) -> HttpResponse | None:
    return model_admin.act_on_selected(request, users, action)
