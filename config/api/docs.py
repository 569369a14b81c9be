"""The documentation of the API: the OpenAPI document, and a page that shows it.

Both are public. The page is plain HTML, without scripts or resources of other hosts.
"""

from collections.abc import Iterable
from functools import cache
from hashlib import sha256
from threading import Lock

from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse, HttpResponseBase
from django.utils.cache import get_conditional_response
from django.utils.decorators import method_decorator
from django.views.generic import TemplateView
from drf_spectacular.renderers import OpenApiJsonRenderer, OpenApiYamlRenderer
from drf_spectacular.settings import spectacular_settings
from drf_spectacular.views import SpectacularAPIView
from rest_framework.exceptions import NotAcceptable
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from config.api import reference
from config.api.negotiation import Negotiation
from config.api.renderers import JSONRenderer
from config.json import JSONObject


class JSONSchemaRenderer(OpenApiJsonRenderer):
    """The same JSON, for clients that ask for the general media type."""

    media_type = "application/json"


class YAMLSchemaRenderer(OpenApiYamlRenderer):
    """The same YAML (RFC 9512)."""

    media_type = "application/yaml"


class FormatFirst(Negotiation):
    """Let `?format=json` or `?format=yaml` decide, and then `Accept`."""

    def select_renderer(
        self,
        request: Request,
        renderers: Iterable[BaseRenderer],
        format_suffix: str | None = None,
    ) -> tuple[BaseRenderer, str]:
        named = list(renderers)
        wanted = request.query_params.get("format")
        if wanted:
            named = [one for one in named if one.format == wanted]
        if not named:
            raise NotAcceptable
        try:
            renderer, media_type = super().select_renderer(
                request, named, format_suffix
            )
        except NotAcceptable:
            if not wanted:
                raise
            return named[0], named[0].media_type
        return renderer, media_type


class SchemaView(SpectacularAPIView):
    """The OpenAPI 3.1 document, as YAML or JSON."""

    schema = None  # it doesn't describe itself
    renderer_classes = [
        OpenApiYamlRenderer,
        JSONSchemaRenderer,
        OpenApiJsonRenderer,
        YAMLSchemaRenderer,
    ]
    content_negotiation_class = FormatFirst

    def get(
        self, request: Request, *args: object, **kwargs: object
    ) -> HttpResponseBase | None:
        name = request.accepted_renderer.format
        media_type = request.accepted_renderer.media_type
        body, tag = _rendered(name)
        answer = HttpResponse(body, content_type=f"{media_type}; charset=utf-8")
        answer["ETag"] = tag
        answer["Content-Disposition"] = f'inline; filename="Ownlist.{name}"'
        return get_conditional_response(request._request, tag, response=answer)

    def finalize_response(
        self, request: Request, response: Response, *args: object, **kwargs: object
    ) -> Response:
        """Render a refusal as JSON: it is not an OpenAPI document."""
        if isinstance(response, Response):
            request.accepted_renderer = JSONRenderer()
            request.accepted_media_type = JSONRenderer.media_type
        return super().finalize_response(request, response, *args, **kwargs)


@cache
def _rendered(name: str) -> tuple[bytes, str]:
    """Return the document in the format `name`, and its entity tag."""
    kinds = {kind.format: kind for kind in SchemaView.renderer_classes}
    body: str | bytes = kinds[name]().render(_document())
    if isinstance(body, str):
        body = body.encode()
    return body, f'"{sha256(body).hexdigest()[:32]}"'


@method_decorator(login_not_required, name="dispatch")
class ReferenceView(TemplateView):
    """The same document as a page."""

    template_name = "shared/api_reference.html"

    def get_context_data(self, **kwargs: object) -> JSONObject:
        return super().get_context_data(**_reference(), **kwargs)


_generation = Lock()


def _document() -> JSONObject:
    """Return the document, which takes seconds to generate, once in a process.

    Requests that come meanwhile wait for the same one.
    """
    with _generation:
        return _generated()


@cache
def _generated() -> JSONObject:
    generator = spectacular_settings.DEFAULT_GENERATOR_CLASS()
    document: JSONObject = generator.get_schema(request=None, public=True)
    return document


@cache
def _reference() -> JSONObject:
    document = _document()
    return {
        "document": document,
        "sections": reference.sections(document),
        "shapes": reference.shapes(document),
    }
