"""The credentials of the signed-in user: everything that authenticates them."""

from collections.abc import Mapping

from django.contrib.auth import SESSION_KEY, logout, update_session_auth_hash
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import NotFound
from rest_framework.request import Request

from accounts import credential_centre as centre
from accounts.api.permissions import SignedInRecently
from accounts.api.views import RecentSignInRequired
from accounts.authentication import credential_of, user_of
from accounts.better_auth.identities import LastSignInMethod
from config.api.responses import Response
from config.api.views import Endpoint
from config.refusals import Refusal


class OnlyWayIn(Refusal):
    """The identity is the only way to sign in to the account."""

    code = "last_sign_in_method"
    text = (
        "This is the only way to sign in. Add an e-mail address and a password first."
    )


class CredentialSerializer(serializers.Serializer[centre.Entry]):
    """Something that authenticates the user."""

    id = serializers.CharField(read_only=True, help_text="It is not secret.")
    kind = serializers.ChoiceField(centre.KINDS, read_only=True)
    name = serializers.CharField(read_only=True, help_text="In words, for the user.")
    may = serializers.CharField(read_only=True, help_text="What it may do, in words.")
    created_at = serializers.DateTimeField(read_only=True, allow_null=True)
    last_used_at = serializers.DateTimeField(
        read_only=True, allow_null=True, help_text="To the minute, or null if unknown."
    )
    device = serializers.CharField(
        read_only=True, help_text="Of the last use, such as `Firefox on Windows`."
    )
    network = serializers.CharField(
        read_only=True, help_text="Of the last use, such as `203.0.113.0/24`."
    )
    expires_at = serializers.DateTimeField(read_only=True, allow_null=True)
    is_current = serializers.BooleanField(
        read_only=True, help_text="Whether this request was made with it."
    )


class CredentialPageSerializer(serializers.Serializer[None]):
    """All credentials, on one page."""

    next = serializers.URLField(read_only=True, allow_null=True)
    previous = serializers.URLField(read_only=True, allow_null=True)
    results = CredentialSerializer(many=True, read_only=True)


class CredentialEndpoint(Endpoint):
    """The base class of both. No personal access token may use them."""

    tag = "auth"

    def viewer(self, request: Request) -> centre.Viewer:
        return centre.Viewer(user_of(request), credential_of(request), timezone.now())


class CredentialsView(CredentialEndpoint):
    """Everything that authenticates the user."""

    name = "Credentials"
    scopes: Mapping[str, str | None] = {"GET": None, "DELETE": None}

    @extend_schema(operation_id="credentials_list", responses=CredentialPageSerializer)
    def get(self, request: Request) -> Response:
        """List the credentials by kind. There is only one page."""
        entries = centre.entries(self.viewer(request))
        results = [CredentialSerializer(entry).data for entry in entries]
        return Response({"next": None, "previous": None, "results": results})

    @extend_schema(operation_id="credentials_end_others", responses={204: None})
    def delete(self, request: Request) -> Response:
        """End everything that gives access now, except this sign-in.

        Ways to sign in stay: the password, passkeys and connected sign-ins. Of a
        sign-in by token, only the refresh token of this pair stays valid. A token of a
        Better Auth server ends too.
        """
        viewer = self.viewer(request)
        centre.end_others(user=viewer.user, keep=viewer.credential, at=viewer.at)
        session = getattr(request._request, "session", {})
        if SESSION_KEY in session:
            update_session_auth_hash(request._request, viewer.user)
        return Response(status=status.HTTP_204_NO_CONTENT)


class CredentialView(CredentialEndpoint):
    """One of the user's credentials."""

    name = "Credential"
    scopes: Mapping[str, str | None] = {"DELETE": None}
    refusals = {"DELETE": (RecentSignInRequired,)}
    conflicts = {"DELETE": (OnlyWayIn,)}

    @extend_schema(
        operation_id="credentials_end", responses={204: None, 403: None, 404: None}
    )
    def delete(self, request: Request, credential_id: str) -> Response:
        """End a credential.

        To disconnect a sign-in, or to remove a passkey or an authenticator app, the
        user must have signed in recently. An access token stays valid until it expires,
        5 minutes after it was issued, but its sign-in can't be refreshed any more.
        """
        viewer = self.viewer(request)
        entry = centre.find(viewer, credential_id)
        if entry is None or not entry.can_end:
            raise NotFound
        if entry.kind in centre.WAYS_TO_SIGN_IN and not (
            SignedInRecently().has_permission(request, self)
        ):
            raise RecentSignInRequired
        try:
            centre.end(user=viewer.user, entry=entry, at=viewer.at)
        except LastSignInMethod as exc:
            raise OnlyWayIn from exc
        if entry.kind == centre.SESSION and entry.is_current:
            logout(request._request)
        return Response(status=status.HTTP_204_NO_CONTENT)
