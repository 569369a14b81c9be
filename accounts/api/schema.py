"""The authentication classes in the OpenAPI document."""

from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema

from config.api.extensions import RegistersItself
from config.json import JSONObject


class OwnTokenScheme(RegistersItself, OpenApiAuthenticationExtension):
    target_class = "accounts.authentication.OwnTokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: AutoSchema) -> JSONObject:
        return {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "An access token from `auth/token`, `auth/register` or"
            " `auth/token/exchange`. It is valid for minutes; get the next one from"
            " `auth/token/refresh`.",
        }


class SessionScheme(RegistersItself, OpenApiAuthenticationExtension):
    target_class = "accounts.authentication.SessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: AutoSchema) -> JSONObject:
        return {
            "type": "apiKey",
            "in": "cookie",
            "name": settings.SESSION_COOKIE_NAME,
            "description": "The session cookie of a browser, for the pages of Ownlist."
            " Writes also require the header `X-CSRFToken`.",
        }


class BetterAuthScheme(RegistersItself, OpenApiAuthenticationExtension):
    target_class = "accounts.authentication.BetterAuthAuthentication"
    name = "betterAuth"

    def get_security_definition(self, auto_schema: AutoSchema) -> JSONObject:
        return {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "A JWT from the endpoint `/token` of a Better Auth server"
            " that this service trusts. If enabled, the session token of such a server"
            " is accepted as well.",
        }
