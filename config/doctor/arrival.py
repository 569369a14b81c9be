"""How a request arrives here through the proxies, told to `manage.py doctor` only.

The doctor signs its request with SECRET_KEY. For everyone else the page does not exist.
"""

from django.contrib.auth.decorators import login_not_required
from django.core import signing
from django.http import Http404, HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from config.client_address import client_address

SALT = "config.doctor"
HEADER = "X-Ownlist-Doctor"
LIFETIME = 60  # seconds
# An address for documentation (RFC 5737). The doctor claims to come from it, as an
# attacker would, and the proxies must not pass it on as the truth.
FORGED = "192.0.2.1"


def signature() -> str:
    """Return the value of `HEADER` for a request of the next minute."""
    return signing.dumps("arrival", salt=SALT)


@login_not_required
@require_safe
def arrival(request: HttpRequest) -> JsonResponse:
    """Return the client address and scheme as this service sees them."""
    try:
        signing.loads(request.headers.get(HEADER, ""), salt=SALT, max_age=LIFETIME)
    except signing.BadSignature:
        raise Http404 from None
    forwarded = request.headers.get("X-Forwarded-For", "").split(",")
    hops = [hop for hop in map(str.strip, forwarded) if hop not in {"", FORGED}]
    return JsonResponse(
        {
            "address": client_address(request),
            "proxies": len(hops),
            "scheme": request.scheme,
        }
    )
