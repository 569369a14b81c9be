"""Health checks for a supervisor or load balancer, without any user data."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from config.api.problems import RETRY_AFTER_OUTAGE
from config.readiness import is_ready


@login_not_required
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """Report that the process is alive, without using the database."""
    return JsonResponse({"status": "ok"})


@login_not_required
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Report whether requests can be served: see `config.readiness`."""
    if is_ready():
        return JsonResponse({"status": "ok"})
    return JsonResponse(
        {"status": "unavailable"},
        status=503,
        headers={"Retry-After": str(RETRY_AFTER_OUTAGE)},
    )
