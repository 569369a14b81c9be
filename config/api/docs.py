"""The API's description: the OpenAPI document, and a page to read it on.

Both are for everybody: an API whose walls hold can show its plan. The page is plain
HTML that needs no script and nothing from another host.
"""

from functools import cache
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.utils.decorators import method_decorator
from django.views.generic import TemplateView
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer, OpenApiYamlRenderer
from drf_spectacular.views import SpectacularAPIView

from config.api import reference


class SchemaView(SpectacularAPIView):
    """The OpenAPI 3.1 document, as YAML or JSON."""

    renderer_classes = [OpenApiYamlRenderer, OpenApiJsonRenderer]


@method_decorator(login_not_required, name="dispatch")
class ReferenceView(TemplateView):
    """The same document as a page."""

    template_name = "shared/api_reference.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**_reference(), **kwargs)


@cache
def _reference() -> dict[str, Any]:
    # The same for everybody and as long as the process lives, and slow to make.
    generator = SchemaGenerator()  # type: ignore[no-untyped-call]
    document = generator.get_schema(  # type: ignore[no-untyped-call]
        request=None, public=True
    )
    return {
        "document": document,
        "sections": reference.sections(document),
        "shapes": reference.shapes(document),
    }
