"""The groups of support staff in the admin."""

from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.http import HttpRequest

from accounts.authentication import user_of


class GroupAdmin(DjangoGroupAdmin):
    """The permissions of a group. Only superusers see them: they decide for staff."""

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
