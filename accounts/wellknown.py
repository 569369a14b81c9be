"""Well-known URIs (RFC 8615)."""

from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from accounts.tokens import published_keys

SECURITY_TXT_LIFETIME = timedelta(days=180)


@login_not_required
@require_safe
@cache_control(public=True, max_age=300)
def jwks(request: HttpRequest) -> JsonResponse:
    """Publish the keys that verify our tokens; none if they are signed with HS256."""
    return JsonResponse({"keys": published_keys()})


@login_not_required
@require_safe
def change_password(request: HttpRequest) -> HttpResponse:
    """Redirect password managers to the page that changes the password."""
    return redirect("account_change_password")


@login_not_required
@require_safe
def security_txt(request: HttpRequest) -> HttpResponse:
    """Say where to report a vulnerability (RFC 9116), if a contact is configured."""
    if not settings.SECURITY_CONTACT:
        raise Http404
    expires: datetime = (timezone.now() + SECURITY_TXT_LIFETIME).replace(microsecond=0)
    lines = [
        f"Contact: {settings.SECURITY_CONTACT}",
        f"Expires: {expires.isoformat()}",
        "Preferred-Languages: en",
        f"Canonical: {settings.BASE_URL}/.well-known/security.txt",
    ]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain")
