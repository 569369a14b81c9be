"""The groups of support staff in the admin."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.admin import staff_rights
from accounts.authentication import user_of


class GroupAdmin(DjangoGroupAdmin):
    """The permissions of a group. Only superusers see them: they decide for staff.

    What changes them is recorded for each member, who gets a mail.
    """

    def lookup_allowed(
        self, lookup: str, value: str, request: HttpRequest | None = None
    ) -> bool:
        return False

    def has_module_permission(self, request: HttpRequest) -> bool:
        return user_of(request).is_superuser

    def has_view_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return user_of(request).is_superuser

    def has_add_permission(self, request: HttpRequest) -> bool:
        return user_of(request).is_superuser

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return user_of(request).is_superuser

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return user_of(request).is_superuser

    # --- Writing: in the transactions of Django's views, or in one of our own ---

    def save_related(
        self,
        request: HttpRequest,
        form: forms.ModelForm[Group],
        formsets: Any,
        change: bool,
    ) -> None:
        super().save_related(request, form, formsets, change)
        if staff_rights.OF_GROUP in form.changed_data:
            staff_rights.record_groups([form.instance], by=user_of(request))

    def delete_model(self, request: HttpRequest, obj: Group) -> None:
        staff_rights.record_groups([obj], by=user_of(request))
        super().delete_model(request, obj)

    @transaction.atomic
    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Group]) -> None:
        staff_rights.record_groups(queryset, by=user_of(request))
        super().delete_queryset(request, queryset)
