"""What makes the pages installable as an app that opens without a network."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

PAPER = "#fbfaf7"  # `--paper` of variables.css in light
ICONS = (
    ("img/icon-192.png", "192x192", "any"),
    ("img/icon-512.png", "512x512", "any"),
    ("img/icon-maskable.png", "512x512", "maskable"),
)


@login_not_required
@require_safe
@cache_control(public=True, max_age=3600)
def manifest(request: HttpRequest) -> JsonResponse:
    """Describe the app to browsers that install it."""
    return JsonResponse(
        {
            "id": "/",
            "name": "Ownlist",
            "short_name": "Ownlist",
            "description": "Your tasks, and nobody else's.",
            "start_url": "/",
            "scope": "/",
            "display": "standalone",
            "theme_color": PAPER,
            "background_color": PAPER,
            "icons": [
                {
                    "src": static(path),
                    "sizes": sizes,
                    "type": "image/png",
                    "purpose": purpose,
                }
                for path, sizes, purpose in ICONS
            ],
            "share_target": {
                "action": "/add",
                "method": "GET",
                "params": {"title": "title", "text": "text", "url": "url"},
            },
            "shortcuts": [
                {"name": "Add a task", "url": "/add"},
                {"name": "Upcoming", "url": "/upcoming/"},
            ],
        },
        content_type="application/manifest+json",
    )


@login_not_required
@require_safe
@cache_control(no_cache=True)
def service_worker(request: HttpRequest) -> HttpResponse:
    """Return the service worker, which controls only the folder of its address."""
    source = settings.BASE_DIR / "static" / "js" / "worker.js"
    return HttpResponse(source.read_bytes(), content_type="text/javascript")


@login_not_required
@require_safe
def offline(request: HttpRequest) -> HttpResponse:
    """Return the page that the service worker shows instead of pages without a copy."""
    return render(request, "shared/offline.html")
