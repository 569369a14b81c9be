"""Rate limits that hold across processes.

A limit counts requests of one caller in one window of time. Counting is one atomic
`incr` in the shared cache, so sixteen requests at once count as sixteen.
"""

import hashlib
import math
import time
from typing import Any

from django.conf import settings
from django.core.cache import cache
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle


def count_request(scope: str, caller: str, *, now: float) -> float | None:
    """Count one request; return the seconds to wait if it is one too many.

    `caller` may be an address or an e-mail: only its digest reaches the cache. `now`
    is in seconds since the epoch.
    """
    limit, period = settings.RATE_LIMITS[scope]
    window = math.floor(now / period)
    digest = hashlib.sha256(caller.encode("utf-8", "replace")).hexdigest()[:32]
    key = f"rate:{scope}:{window}:{digest}"
    cache.add(key, 0, timeout=period + 1)
    try:
        count = cache.incr(key)
    except ValueError:  # dropped between the two calls, by a full cache
        return None
    return None if count <= limit else (window + 1) * period - now


class AddressThrottle(BaseThrottle):
    """Limit requests by the network address they come from.

    The view's `throttle_scope` names the limit in `settings.RATE_LIMITS`.
    """

    _wait: float | None = None

    def allow_request(self, request: Request, view: Any) -> bool:
        self._wait = count_request(
            view.throttle_scope, self.get_ident(request), now=time.time()
        )
        return self._wait is None

    def wait(self) -> float | None:
        return self._wait
