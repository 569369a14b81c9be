"""The API's description: the OpenAPI document, and a page to read it on.

Both are for everybody: an API whose walls hold can show its plan. The page is plain
HTML that needs no script and nothing from another host.
"""

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.utils.decorators import method_decorator
from django.views.generic import TemplateView
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer, OpenApiYamlRenderer
from drf_spectacular.views import SpectacularAPIView

METHODS = ("get", "post", "put", "patch", "delete")


class SchemaView(SpectacularAPIView):
    """The OpenAPI 3.1 document, as YAML or JSON."""

    renderer_classes = [OpenApiYamlRenderer, OpenApiJsonRenderer]


@method_decorator(login_not_required, name="dispatch")
class ReferenceView(TemplateView):
    """The same document as a page."""

    template_name = "shared/api_reference.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        generator = SchemaGenerator()  # type: ignore[no-untyped-call]
        document = generator.get_schema(  # type: ignore[no-untyped-call]
            request=None, public=True
        )
        return super().get_context_data(
            document=document, sections=_sections(document), **kwargs
        )


def _sections(document: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Return the operations by their tag, each with `method` and `path`."""
    sections: dict[str, list[dict[str, Any]]] = {}
    for path, operations in document["paths"].items():
        for method in METHODS:
            if operation := operations.get(method):
                entry = {"method": method.upper(), "path": path, **operation}
                sections.setdefault(operation["tags"][0], []).append(entry)
    return sections
