"""The authentication classes in the OpenAPI document."""

from typing import Any, cast

from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema

from config.api.extensions import RegistersItself
from config.api.scopes import SCOPES
from config.api.views import Endpoint
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


class PersonalTokenScheme(RegistersItself, OpenApiAuthenticationExtension):
    target_class = "accounts.authentication.PersonalTokenAuthentication"
    name = "personalToken"

    def get_security_definition(self, auto_schema: AutoSchema) -> JSONObject:
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "A personal access token, `own_pat_` and 36 characters,"
            " which its user creates at `/accounts/tokens/`. It has few scopes: "
            + "; ".join(f"`{scope}`: {text.lower()}" for scope, text in SCOPES.items())
            + ". A token can be limited to some lists.",
        }

    def get_security_requirement(
        self, auto_schema: AutoSchema
    ) -> list[dict[str, list[Any]]]:
        """Name the scope of the operation (OpenAPI 3.1, Security Requirement Object).

        Nothing, if no personal access token may call it.
        """
        endpoint = cast(Endpoint, auto_schema.view)
        scope = endpoint.scopes.get(auto_schema.method)
        return [{str(self.name): [scope]}] if scope else []


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
