"""The page of the admin that checks the Better Auth settings and explains a token."""

import time

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from accounts.better_auth.doctor import CheckResult, check_settings, explain_token


class DoctorForm(forms.Form):
    """A token to explain. It is never shown again, not even to its sender."""

    token = forms.CharField(
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text="Leave this empty to check only the settings.",
    )


def examine(request: HttpRequest, site: admin.AdminSite) -> HttpResponse:
    """Show the form on GET; on POST check the settings, and a token if there is one.

    Asking the issuers takes a while, so GET does nothing of it.
    """
    form = DoctorForm(request.POST or None)
    results: list[CheckResult] = []
    if form.is_valid():
        results += check_settings()
        if token := form.cleaned_data["token"]:
            results += explain_token(token, now=time.time())
    context = site.each_context(request) | {
        "title": "Better Auth doctor",
        "form": form,
        "findings": results,
    }
    return TemplateResponse(request, "admin/accounts/better_auth_doctor.html", context)
