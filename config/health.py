"""Health checks for a supervisor or load balancer, without any user data."""

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, InterfaceError, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from config.api.problems import RETRY_AFTER_OUTAGE
from config.outages import note_failure


@login_not_required
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """Report that the process is alive, without using the database."""
    return JsonResponse({"status": "ok"})


@login_not_required
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Report whether requests can be served, that is, whether the database answers."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            cursor.fetchone()
    except (DatabaseError, InterfaceError) as error:
        note_failure(error, "database")
        return JsonResponse(
            {"status": "unavailable"},
            status=503,
            headers={"Retry-After": str(RETRY_AFTER_OUTAGE)},
        )
    return JsonResponse({"status": "ok"})
