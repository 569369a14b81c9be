"""All URLs of the site."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from accounts.wellknown import change_password, jwks, security_txt
from config import health, installable
from config.api.docs import ReferenceView, SchemaView
from config.api.routing import endpoint
from config.doctor.arrival import arrival

api: list[URLPattern | URLResolver] = [
    path("v1/", include("todos.api.urls")),
    path("v1/", include("accounts.api.urls")),
    *endpoint("schema", SchemaView.as_view(), "schema"),
    *endpoint("docs", ReferenceView.as_view(), "docs"),
    path("", include("todos.api.plan.urls")),
]

# The most frequent first: each request tries the patterns in turn.
urlpatterns = [
    path("api/", include((api, "api"))),
    path("", include("todos.pages.urls")),
    path("accounts/", include("accounts.pages.urls")),
    path("admin/", admin.site.urls),
    path("manifest.webmanifest", installable.manifest),
    path("sw.js", installable.service_worker),
    path("offline/", installable.offline),
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("doctor", arrival),
    path(".well-known/jwks.json", jwks),
    path(".well-known/change-password", change_password),
    path(".well-known/security.txt", security_txt),
]

handler400 = "config.errors.bad_request"
handler403 = "config.errors.permission_denied"
handler404 = "config.errors.page_not_found"
handler500 = "config.errors.server_error"
