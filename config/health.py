"""What a supervisor or load balancer asks. Nothing here tells who or how many."""

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, InterfaceError, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from config.api.problems import RETRY_AFTER_OUTAGE


@login_not_required
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """Say that the process lives, without touching the database."""
    return JsonResponse({"status": "ok"})


@login_not_required
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Say whether requests can be served: the database answers."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            cursor.fetchone()
    except (DatabaseError, InterfaceError):
        return JsonResponse(
            {"status": "unavailable"},
            status=503,
            headers={"Retry-After": str(RETRY_AFTER_OUTAGE)},
        )
    return JsonResponse({"status": "ok"})
