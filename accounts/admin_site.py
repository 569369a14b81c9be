"""The site of Django's admin: a desk for support staff, closed by default."""

from typing import Any

from django.contrib import admin
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, URLResolver, reverse
from django.utils.decorators import method_decorator

OURS = ("accounts.", "todos.")


class SupportSite(admin.AdminSite):
    """Django's admin, with what we register and with our own sign-in."""

    site_title = site_header = "Ownlist support"
    index_title = "Support"
    enable_nav_sidebar = False

    def register(
        self, model_or_iterable: Any, admin_class: Any = None, **options: Any
    ) -> None:
        """Take pages of our own, and pass over those that packages bring along.

        Theirs show tokens and let addresses be edited.
        """
        if admin_class is not None and admin_class.__module__.startswith(OURS):
            super().register(model_or_iterable, admin_class, **options)

    def get_urls(self) -> list[URLResolver | URLPattern]:
        """Without the way to any object's page on the site: none of ours has one."""
        return [
            route
            for route in super().get_urls()
            if getattr(route, "name", "") != "view_on_site"
        ]

    @method_decorator(login_not_required)
    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Leave signing in to the account pages, with their limits and events."""
        if self.has_permission(request):
            return redirect("admin:index")
        if request.user.is_authenticated:
            raise PermissionDenied
        wanted = request.GET.get(REDIRECT_FIELD_NAME) or reverse("admin:index")
        return redirect_to_login(wanted)

    def password_change(  # type: ignore[override] # a redirect, as no template is due
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Leave passwords to the account pages, too."""
        return redirect("account_change_password")
