"""The admin of accounts, for support staff: find one, see its state, help.

Nothing that people wrote in their lists comes in here, not even for superusers: no
column, no search, no filter and no history. Nobody edits an address or a password
here either; support acts on an account by the few `ACTIONS`, each after a question,
and each is kept in the history and among the account's security events.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import display_for_value
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import (
    Count,
    Expression,
    Max,
    OuterRef,
    QuerySet,
    Subquery,
)
from django.db.models.functions import Coalesce
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.debug import sensitive_post_parameters

from accounts import credentials, emails
from accounts.authentication import user_of
from accounts.better_auth.doctor import CheckResult, check_settings, explain_token
from accounts.models import DELETION_STARTED, LinkedIdentity, RefreshFamily, User

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[User]
else:
    ModelAdmin = admin.ModelAdmin

EVENTS_SHOWN = 50
IDENTITIES_SHOWN = 50

# --- What support may do ----------------------------------------------------


@dataclass(frozen=True, slots=True)
class SupportAction:
    """Something support may do to an account, after a question."""

    name: str
    permission: str
    label: str
    question: str
    record: str
    suits: Callable[[User], bool]
    run: Callable[[HttpRequest, User], None]
    sends_mail: bool = False


def _deactivate(request: HttpRequest, user: User) -> None:
    credentials.deactivate(user=user, at=timezone.now(), by=user_of(request))


def _reactivate(request: HttpRequest, user: User) -> None:
    credentials.reactivate(user=user, at=timezone.now(), by=user_of(request))


def _sign_out(request: HttpRequest, user: User) -> None:
    credentials.sign_out_everywhere(user=user, at=timezone.now(), by=user_of(request))


def _send_reset(request: HttpRequest, user: User) -> None:
    # allauth's form would look the address up again; the mail is for this account.
    emails.send_reset_link(request, user)


ACTIONS = (
    SupportAction(
        name="deactivate",
        permission="accounts.deactivate_user",
        label="Deactivate",
        question=(
            "Nobody can sign in any more, and every session and token ends. "
            "Nothing is deleted."
        ),
        record="Deactivated.",
        suits=lambda user: user.is_active,
        run=_deactivate,
    ),
    SupportAction(
        name="reactivate",
        permission="accounts.deactivate_user",
        label="Reactivate",
        question=(
            "The person can sign in again; old sessions and tokens stay ended. "
            "A deletion that was asked for is called off."
        ),
        record="Reactivated.",
        suits=lambda user: not user.is_active and user.delete_after != DELETION_STARTED,
        run=_reactivate,
    ),
    SupportAction(
        name="send-password-reset",
        permission="accounts.send_password_reset",
        label="Send password-reset mail",
        question="A mail with a link to choose a new password goes to the address.",
        record="Sent the mail to reset the password.",
        suits=lambda user: user.is_active and user.email is not None,
        run=_send_reset,
        sends_mail=True,
    ),
    SupportAction(
        name="sign-out-everywhere",
        permission="accounts.sign_out_user",
        label="Sign out everywhere",
        question="Every session and token ends. The password stays.",
        record="Signed out everywhere.",
        suits=lambda user: user.is_active,
        run=_sign_out,
    ),
)


def may_act_on(staff: User, user: User) -> bool:
    """Tell whether `staff` may act on this account at all.

    Nobody acts on themselves, and only superusers on other staff: support must not be
    a way to more rights, nor to lock out those who grant them.
    """
    if user == staff:
        return False
    return staff.is_superuser or not (user.is_staff or user.is_superuser)


# --- What support may see ---------------------------------------------------


def count_of(rows: QuerySet[Any], owner: str) -> Expression:
    """Return a subquery: how many of `rows` name the outer query's user as `owner`."""
    mine = rows.order_by().filter(**{owner: OuterRef("pk")}).values(owner)
    return Coalesce(Subquery(mine.annotate(rows=Count("pk")).values("rows")), 0)


def shown(
    name: str, label: str, *, boolean: bool = False, ordering: str | None = None
) -> Callable[[User], Any]:
    """Return a read-only field that shows a column or annotation under our label."""

    def field(user: User) -> Any:
        value = getattr(user, name)
        return value if boolean else display_for_value(value, "none")

    field.__name__ = name
    return admin.display(
        field, description=label, boolean=boolean or None, ordering=ordering
    )


EMAIL = shown("email", "E-mail", ordering="email")
IS_ACTIVE = shown("is_active", "Active", boolean=True, ordering="is_active")
IS_VERIFIED = shown("is_verified", "Verified e-mail", boolean=True)
JOINED = shown("created_at", "Joined", ordering="id")  # ids grow with time
LAST_SIGN_IN = shown("last_login", "Last sign-in", ordering="last_login")
LAST_TOKEN_SIGN_IN = shown("last_token_sign_in", "Last sign-in by token")
DELETION = shown("delete_after", "To be deleted", ordering="delete_after")


class DoctorForm(forms.Form):
    """A token to explain_token. It is shown to nobody, not even to who sends it."""

    token = forms.CharField(
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text="Leave it empty to check the settings alone.",
    )


class UserAdmin(ModelAdmin):
    """Accounts: state, dates, counts, security events, and the `ACTIONS`.

    Only superusers change anything by form, and only who is staff and in which group.
    """

    list_display = (
        EMAIL,
        IS_ACTIVE,
        IS_VERIFIED,
        "is_staff",
        JOINED,
        LAST_SIGN_IN,
        DELETION,
    )
    list_filter = (
        "is_active",
        "is_staff",
        ("delete_after", admin.EmptyFieldListFilter),
    )
    search_fields = ("email",)
    search_help_text = "An e-mail address, a part of one, or the id of an account."
    ordering = ("-id",)
    show_full_result_count = False
    list_per_page = 50
    list_max_show_all = 50
    filter_horizontal = ("groups",)
    view_on_site = False

    # How to show what `counts` annotates.
    count_fields: tuple[Callable[[User], Any], ...] = (
        shown("token_count", "Live sessions by token"),
        shown("identity_count", "Connected sign-ins"),
    )

    def counts(self, *, at: datetime) -> dict[str, Expression]:
        """Return how to count what the account has, by name of the annotation."""
        families = RefreshFamily.objects.live(at=at).of_current_epoch()
        return {
            "token_count": count_of(families, "user"),
            "identity_count": count_of(LinkedIdentity.objects.all(), "user"),
        }

    # --- Reading ---

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        """With whether the address is verified."""
        users = super().get_queryset(request)
        return users.annotate(is_verified=emails.has_verified_email())

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> User | None:
        """Find one account by id, with all that its page shows of it, in one query."""
        try:
            pk = UUID(object_id)
        except ValueError:
            return None
        families = RefreshFamily.objects.filter(user=OuterRef("pk")).values("user")
        accounts = self.get_queryset(request).annotate(
            last_token_sign_in=Subquery(
                families.annotate(last=Max("created_at")).values("last")
            ),
            **self.counts(at=timezone.now()),
        )
        return accounts.filter(pk=pk).first()

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[User], search_term: str
    ) -> tuple[QuerySet[User], bool]:
        """Find by id, or by any part of the address."""
        term = search_term.strip().lower()
        try:
            return queryset.filter(pk=UUID(term)), False
        except ValueError:
            return queryset.filter(email__contains=term) if term else queryset, False

    def lookup_allowed(
        self, lookup: str, value: str, request: HttpRequest | None = None
    ) -> bool:
        """Filter by nothing but what the page offers.

        Django would let the query string ask for any column of the account, and so
        read a password hash letter by letter from what is found.
        """
        return lookup.split("__")[0] in {"is_active", "is_staff", "delete_after"}

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        dates = [JOINED, LAST_SIGN_IN, LAST_TOKEN_SIGN_IN, DELETION]
        return [
            (None, {"fields": [EMAIL, IS_VERIFIED, "id", IS_ACTIVE]}),
            ("Dates (UTC)", {"fields": dates}),
            ("Counts", {"fields": self.count_fields}),
            ("Calendar", {"fields": ["timezone", "day_start"]}),
            ("Staff", {"fields": ["is_staff", "is_superuser", "groups"]}),
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        """Everything but staff and groups, and those too for one's own account."""
        sections = self.get_fieldsets(request, obj)
        fields = [field for _, section in sections for field in section["fields"]]
        if obj is not None and may_act_on(user_of(request), obj):
            return [field for field in fields if field not in {"is_staff", "groups"}]
        return fields

    # --- Rights ---

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(
        self, request: HttpRequest, obj: User | None = None
    ) -> bool:
        return False

    def has_change_permission(
        self, request: HttpRequest, obj: User | None = None
    ) -> bool:
        return user_of(request).is_superuser

    def save_model(
        self, request: HttpRequest, obj: User, form: Any, change: bool
    ) -> None:
        """Store what the form offers, and no older state of anything else."""
        obj.save(update_fields=["is_staff", "updated_at"])

    # --- Acting ---

    def get_urls(self) -> list[URLPattern]:
        pages = [
            path(
                f"<uuid:user_id>/{action.name}/",
                self.admin_site.admin_view(partial(self.act_on_one, action=action)),
                name=f"accounts_user_{action.name}",
            )
            for action in ACTIONS
        ]
        doctor = path(
            "better-auth-doctor/",
            self.admin_site.admin_view(self.examine_better_auth),
            name="accounts_better_auth_doctor",
        )
        return [*pages, doctor, *super().get_urls()]

    @method_decorator(sensitive_post_parameters("token"))
    def examine_better_auth(self, request: HttpRequest) -> HttpResponse:
        """Show a form on GET; on POST look at the settings and at a token.

        Asking the issuers takes a while, so nothing of it happens on GET.
        """
        if not self.has_view_permission(request):
            raise PermissionDenied
        form = DoctorForm(request.POST or None)
        findings: list[CheckResult] = []
        if form.is_valid():
            findings += check_settings()
            if token := form.cleaned_data["token"]:
                findings += explain_token(token, now=time.time())
        context = self.admin_site.each_context(request) | {
            "title": "Better Auth doctor",
            "form": form,
            "findings": findings,
        }
        return TemplateResponse(
            request, "admin/accounts/better_auth_doctor.html", context
        )

    def act_on_one(
        self, request: HttpRequest, user_id: UUID, action: SupportAction
    ) -> HttpResponse:
        """Ask on GET, do it on POST, and go back to the account."""
        user = self.get_object(request, str(user_id))
        if user is None:
            raise Http404
        staff = user_of(request)
        if not (staff.has_perm(action.permission) and may_act_on(staff, user)):
            raise PermissionDenied
        if not action.suits(user):
            messages.error(
                request, f"{action.label}: the state of the account forbids it."
            )
        elif request.method == "POST":
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
            for action in ACTIONS
            if staff.has_perm(action.permission)
        }

    def act_on_selected(
        self, request: HttpRequest, users: QuerySet[User], action: SupportAction
    ) -> HttpResponse | None:
        """Ask, and do it once confirmed; to all of the accounts or to none."""
        selected = list(users[: self.list_per_page + 1])
        if len(selected) > self.list_per_page:
            messages.error(request, f"Select at most {self.list_per_page} accounts.")
            return None
        staff = user_of(request)
        refused = [
            user
            for user in selected
            if not (may_act_on(staff, user) and action.suits(user))
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
        for user in users:
            # Nobody waits for a lock while a mail server takes its time.
            with nullcontext() if action.sends_mail else transaction.atomic():
                action.run(request, user)
                self.log_change(request, user, action.record)
        messages.success(request, action.record)

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: User | None = None,
    ) -> HttpResponse:
        """Show the buttons that suit the account, its last events, its sign-ins."""
        assert obj is not None  # accounts are not made here
        staff = user_of(request)
        context["support_actions"] = [
            (action.label, reverse(f"admin:accounts_user_{action.name}", args=[obj.pk]))
            for action in ACTIONS
            if staff.has_perm(action.permission)
            and may_act_on(staff, obj)
            and action.suits(obj)
        ]
        events = obj.security_events.select_related("by").order_by("-at", "-pk")
        context["security_events"] = events[:EVENTS_SHOWN]
        # Not `known_as`: an address that nobody has proven.
        identities = obj.identities.order_by("-last_used_at", "-pk")
        shown = ("issuer", "created_at", "last_used_at", "suspended_at")
        context["identities"] = identities.only(*shown)[:IDENTITIES_SHOWN]
        return super().render_change_form(request, context, add, change, form_url, obj)


def _act_on_selected(
    action: SupportAction,
    model_admin: UserAdmin,
    request: HttpRequest,
    users: QuerySet[User],
) -> HttpResponse | None:
    return model_admin.act_on_selected(request, users, action)


class GroupAdmin(DjangoGroupAdmin):
    """What a group may do, for superusers: it decides what staff may do."""

    def lookup_allowed(
        self, lookup: str, value: str, request: HttpRequest | None = None
    ) -> bool:
        return False

    def has_module_permission(self, request: HttpRequest) -> bool:
        return user_of(request).is_superuser

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return user_of(request).is_superuser

    def has_add_permission(self, request: HttpRequest) -> bool:
        return user_of(request).is_superuser

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return user_of(request).is_superuser

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return user_of(request).is_superuser


admin.site.register(User, UserAdmin)
admin.site.register(Group, GroupAdmin)
