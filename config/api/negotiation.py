"""Which renderer answers a request."""

from collections.abc import Iterable

from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

JSON = "application/json"


class Negotiation(DefaultContentNegotiation):
    """REST framework's choice, made at once for callers that accept JSON alone."""

    def select_renderer(
        self,
        request: Request,
        renderers: Iterable[BaseRenderer],
        format_suffix: str | None = None,
    ) -> tuple[BaseRenderer, str]:
        first = next(iter(renderers))
        accepted = request.META.get("HTTP_ACCEPT", JSON)
        if first.media_type == JSON and accepted in {JSON, "*/*"}:
            return first, JSON
        chosen: tuple[BaseRenderer, str] = super().select_renderer(
            request, renderers, format_suffix
        )
        return chosen

    def get_accept_list(self, request: Request) -> list[str]:
        """Return the media types of `Accept`; an empty list means any, as without it.

        It is a valid header (RFC 9110 section 12.5.1).
        """
        if not request.META.get("HTTP_ACCEPT", "").strip(", \t"):
            return ["*/*"]
        types: list[str] = super().get_accept_list(request)
        return types
