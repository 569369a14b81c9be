"""The pages of accounts in the admin."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import (
    Expression,
    ManyToManyField,
    Max,
    OuterRef,
    QuerySet,
    Subquery,
)
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.debug import sensitive_post_parameters

from accounts import emails
from accounts.admin import doctor, staff_rights
from accounts.admin.fields import Field, count_of, read_only_field
from accounts.admin.support_actions import SupportActionsAdmin, may_act_on
from accounts.authentication import user_of
from accounts.models import LinkedIdentity, RefreshFamily, User

EVENTS_SHOWN = 50
IDENTITIES_SHOWN = 50

EMAIL = read_only_field("email", "E-mail", ordering="email")
IS_ACTIVE = read_only_field("is_active", "Active", boolean=True, ordering="is_active")
IS_STAFF = read_only_field("is_staff", "Staff", boolean=True, ordering="is_staff")
IS_VERIFIED = read_only_field("is_verified", "Verified e-mail", boolean=True)
JOINED = read_only_field("created_at", "Joined", ordering="id")  # ids grow with time
LAST_SIGN_IN = read_only_field("last_login", "Last sign-in", ordering="last_login")
LAST_TOKEN_SIGN_IN = read_only_field("last_token_sign_in", "Last sign-in by token")
DELETION = read_only_field("delete_after", "To be deleted", ordering="delete_after")
CAPTIONS = {"is_staff": "Staff", "is_superuser": "Superuser", "timezone": "Time zone"}
FILTERS = {"is_active", "is_staff", "delete_after"}


class StateFilter(admin.BooleanFieldListFilter):
    """Filters by a column such as `is_staff`, under the title "staff"."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.title = self.field_path.removeprefix("is_")


class DeletionFilter(admin.EmptyFieldListFilter):
    """Filters by whether the user requested deletion."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.title = "deletion date"

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        """Offer Django's choices in words about a deletion."""
        labels = ("All", "No deletion", "Deletion requested")
        for choice, label in zip(super().choices(changelist), labels, strict=True):
            yield {**choice, "display": label}


class UserAdmin(SupportActionsAdmin):
    """Accounts: state, dates, counts, security events, and the support actions.

    Only superusers change anything by form: who is staff, and in which groups.
    """

    list_display = (
        EMAIL,
        IS_ACTIVE,
        IS_VERIFIED,
        IS_STAFF,
        JOINED,
        LAST_SIGN_IN,
        DELETION,
    )
    list_filter = (
        ("is_active", StateFilter),
        ("is_staff", StateFilter),
        ("delete_after", DeletionFilter),
    )
    search_fields = ("email",)
    search_help_text = "Search by e-mail address, a part of one, or account id."
    ordering = ("-id",)
    show_full_result_count = False
    list_per_page = 50
    list_max_show_all = 50
    view_on_site = False

    # These show what `counts` annotates.
    count_fields: tuple[Field, ...] = (
        read_only_field("token_count", "Active sign-ins by token"),
        read_only_field("identity_count", "Connected sign-ins"),
    )

    def counts(self, *, at: datetime) -> dict[str, Expression]:
        """Return the counts of what belongs to the account, by annotation name."""
        families = RefreshFamily.objects.live(at=at).of_current_epoch()
        return {
            "token_count": count_of(families, "user"),
            "identity_count": count_of(LinkedIdentity.objects.all(), "user"),
        }

    # --- Reading ---

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        """Return the accounts, with whether the address of each is verified."""
        users = super().get_queryset(request)
        return users.annotate(is_verified=emails.has_verified_email())

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> User | None:
        """Find an account by id, with everything its page shows, in one query."""
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
        """Allow only the filters that the page offers.

        Django would let the query string filter by any column of the account, and so
        reveal a password hash letter by letter.
        """
        return lookup.split("__")[0] in FILTERS

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        dates = [JOINED, LAST_SIGN_IN, LAST_TOKEN_SIGN_IN, DELETION]
        return [
            (None, {"fields": [EMAIL, IS_VERIFIED, "id", IS_ACTIVE]}),
            ("Dates (UTC)", {"fields": dates}),
            ("Counts", {"fields": self.count_fields}),
            ("Calendar", {"fields": ["timezone", "day_start"]}),
            ("Staff", {"fields": ["is_staff", "is_superuser", "groups"]}),
        ]

    def get_form(
        self,
        request: HttpRequest,
        obj: User | None = None,
        change: bool = False,
        **kwargs: Any,
    ) -> type[forms.ModelForm[User]]:
        """Return the form, with our captions of its fields."""
        return super().get_form(request, obj, change, labels=CAPTIONS, **kwargs)

    def formfield_for_manytomany(
        self,
        db_field: ManyToManyField[Any, Any],
        request: HttpRequest,
        **kwargs: Any,
    ) -> forms.ModelMultipleChoiceField[Any] | None:
        """Offer the groups as checkboxes, which every keyboard and reader knows."""
        kwargs["widget"] = forms.CheckboxSelectMultiple()
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        """Return all fields but staff and groups; for one's own account all fields."""
        sections = self.get_fieldsets(request, obj)
        fields = [field for _, section in sections for field in section["fields"]]
        if obj is not None and may_act_on(user_of(request), obj):
            return [field for field in fields if field not in {"is_staff", "groups"}]
        return fields

    # --- Permissions ---

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
        self,
        request: HttpRequest,
        obj: User,
        form: forms.ModelForm[User],
        change: bool,
    ) -> None:
        """Write the columns of the form only: others may have changed meanwhile."""
        obj.save(update_fields=["is_staff", "updated_at"])

    def save_related(
        self,
        request: HttpRequest,
        form: forms.ModelForm[User],
        formsets: Any,
        change: bool,
    ) -> None:
        """Write the groups, and record for the user that their rights changed."""
        super().save_related(request, form, formsets, change)
        by = user_of(request)
        staff_rights.record_account(form.instance, form.changed_data, by=by)

    # --- Pages ---

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """List the accounts under a title that fits those who may not change them."""
        context = {"title": "Accounts", **(extra_context or {})}
        return super().changelist_view(request, context)

    def get_urls(self) -> list[URLPattern]:
        page = path(
            "better-auth-doctor/",
            self.admin_site.admin_view(self.examine_better_auth),
            name="accounts_better_auth_doctor",
        )
        return [page, *super().get_urls()]

    @method_decorator(sensitive_post_parameters("token"))
    def examine_better_auth(self, request: HttpRequest) -> HttpResponse:
        """Check the Better Auth settings, and explain a token."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return doctor.examine(request, self.admin_site)

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: User | None = None,
    ) -> HttpResponse:
        """Add the applicable actions, the last events and the identities."""
        assert obj is not None  # accounts are not created here
        events = obj.security_events.select_related("by").order_by("-at", "-pk")
        context |= {
            "support_actions": self.links_of_actions(user_of(request), obj),
            "security_events": events[:EVENTS_SHOWN],
            "identities": _identities_of(obj),
        }
        return super().render_change_form(request, context, add, change, form_url, obj)


def _identities_of(user: User) -> QuerySet[LinkedIdentity]:
    """Return the last used identities, without the unproven address in `known_as`."""
    columns = ("issuer", "created_at", "last_used_at", "suspended_at")
    identities = user.identities.order_by("-last_used_at", "-pk").only(*columns)
    return identities[:IDENTITIES_SHOWN]
