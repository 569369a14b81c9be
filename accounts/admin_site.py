"""The admin site for support staff."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, URLResolver, reverse
from django.utils.decorators import method_decorator

from accounts.authentication import user_of
from accounts.sign_in_records import has_used_factor

OURS = ("accounts.", "todos.")


class SupportSite(admin.AdminSite):
    """Django's admin with our own pages only, and with our own sign-in."""

    site_title = site_header = "Ownlist support"
    index_title = "Support"
    enable_nav_sidebar = False

    def register(
        self, model_or_iterable: Any, admin_class: Any = None, **options: Any
    ) -> None:
        """Register our own pages, and ignore those of installed packages.

        Theirs show tokens and let staff edit addresses.
        """
        if admin_class is not None and admin_class.__module__.startswith(OURS):
            super().register(model_or_iterable, admin_class, **options)

    def get_urls(self) -> list[URLResolver | URLPattern]:
        """Return the routes without the redirect to an object's public page."""
        return [
            route
            for route in super().get_urls()
            if getattr(route, "name", "") != "view_on_site"
        ]

    def has_permission(self, request: HttpRequest) -> bool:
        """Require a second factor of staff, used in this session."""
        return (
            super().has_permission(request)
            and user_of(request).has_factor
            and has_used_factor(request, request.user)
        )

    @method_decorator(login_not_required)
    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Redirect to the sign-in page, which has the limits and records the events."""
        if self.has_permission(request):
            return redirect("admin:index")
        wanted = request.GET.get(REDIRECT_FIELD_NAME) or reverse("admin:index")
        if not request.user.is_authenticated:
            return redirect_to_login(wanted)
        if not super().has_permission(request):
            raise PermissionDenied
        if user_of(request).has_factor:
            return redirect_to_login(wanted, reverse("mfa_reauthenticate"))
        messages.warning(
            request,
            "Support staff need a second step to open the admin. Add a passkey or an"
            " authenticator app first.",
        )
        return redirect("accounts:factors")

    def password_change(  # type: ignore[override]  # a redirect, not a template
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Redirect to the account page that changes the password."""
        return redirect("account_change_password")
