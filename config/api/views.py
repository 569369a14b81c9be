"""What every endpoint's view starts from."""

import time
from collections.abc import Collection, Mapping
from typing import Any

from rest_framework.exceptions import APIException, Throttled
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from config.api.problems import ProblemSerializer
from config.api.throttling import Reading, count_request, rate_limit_fields
from config.refusals import Refusal

CHALLENGE = "Bearer"


class Endpoint(APIView):
    """An endpoint of the API: closed, unless the class says otherwise."""

    # What the OpenAPI document can't read from the handlers.
    tagged: Collection[str] = ()  # methods whose answers have an ETag
    conditional: Collection[str] = ()  # methods that heed If-Match
    conflicts: Mapping[str, Collection[type[Refusal]]] = {}  # by method; 409
    refusals: Mapping[str, Collection[APIException]] = {}  # others, by method
    is_repeatable = False  # POST heeds Idempotency-Key
    refusal_serializer: type[Serializer[Any]] = ProblemSerializer
    refusal_serializers: Mapping[int, type[Serializer[Any]]] = {}  # others, by status

    readings: list[Reading]  # of the limits that this request was counted in

    def setup(self, request: Any, *args: Any, **kwargs: Any) -> None:
        super().setup(request, *args, **kwargs)
        self.readings = []

    def count_request(self, scope: str, caller: str) -> None:
        """Count the request in one more limit, or answer 429."""
        reading = count_request(scope, caller, now=time.time())
        self.readings.append(reading)
        if reading.wait is not None:
            raise Throttled(wait=reading.wait)

    def perform_authentication(self, request: Request) -> None:
        """Count the request as soon as it is known whose it is: a 403 counts too."""
        super().perform_authentication(request)
        super().check_throttles(request)

    def check_throttles(self, request: Request) -> None:
        """Leave it: REST framework would count only after the permissions."""

    def finalize_response(
        self, request: Request, response: Response, *args: Any, **kwargs: Any
    ) -> Response:
        """Tell the caller how much is left of each limit, whatever the answer is."""
        response = super().finalize_response(request, response, *args, **kwargs)
        for name, value in rate_limit_fields(self.readings).items():
            response[name] = value
        return response

    def get_authenticate_header(self, request: Request) -> str:
        """Name the scheme for every 401, also where no door stands before the view."""
        return CHALLENGE
