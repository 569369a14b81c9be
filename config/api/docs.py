"""The documentation of the API: the OpenAPI document, and a page that shows it.

Both are public. The page is plain HTML, without scripts or resources of other hosts.
"""

from functools import cache
from hashlib import sha256

from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse, HttpResponseBase
from django.utils.cache import get_conditional_response
from django.utils.decorators import method_decorator
from django.views.generic import TemplateView
from drf_spectacular.renderers import OpenApiJsonRenderer, OpenApiYamlRenderer
from drf_spectacular.settings import spectacular_settings
from drf_spectacular.views import SpectacularAPIView
from rest_framework.request import Request

from config.api import reference
from config.json import JSONObject


class SchemaView(SpectacularAPIView):
    """The OpenAPI 3.1 document, as YAML or JSON."""

    schema = None  # it doesn't describe itself
    renderer_classes = [OpenApiYamlRenderer, OpenApiJsonRenderer]

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


@cache
def _document() -> JSONObject:
    # Cached: it is the same for all callers, and generating it is slow.
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
