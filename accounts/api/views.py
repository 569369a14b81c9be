"""Registration, tokens, and the signed-in user."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.contrib.auth import authenticate, update_session_auth_hash
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.exceptions import (
    AuthenticationFailed,
    PermissionDenied,
    ValidationError,
)
from rest_framework.permissions import AllowAny, BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework_simplejwt.exceptions import TokenError

from accounts import events, password_attempts, tokens
from accounts.adapter import session_key_of
from accounts.api.permissions import SignedInRecently
from accounts.api.serializers import (
    MailedSerializer,
    PasswordChangeSerializer,
    RefreshSerializer,
    RegisteredSerializer,
    RegisterSerializer,
    SignInSerializer,
    TokenPairSerializer,
    UserSerializer,
)
from accounts.authentication import (
    BetterAuthAuthentication,
    credential_of,
    refused,
    user_of,
)
from accounts.credentials import (
    CredentialEnded,
    change_password,
    reload_user,
    request_deletion,
)
from accounts.devices import client_of, device_of
from accounts.models import SecurityEvent, User
from accounts.registration import (
    EmailTaken,
    is_verification_mandatory,
    may_sign_in,
    register,
)
from config.api.scopes import ACCOUNT
from config.api.throttling import AddressThrottle
from config.api.views import Endpoint


class SignInFailed(AuthenticationFailed):
    """401: the sign-in failed; the same response for every reason."""

    default_detail = "The e-mail address or password is incorrect."


class EmailNotVerified(PermissionDenied):
    """403: the password is correct, but the address is not verified."""

    default_detail = "Verify your address first: follow the link in our e-mail."
    default_code = "email_not_verified"


class RecentSignInRequired(PermissionDenied):
    """403: the user must sign in again before this request."""

    default_detail = SignedInRecently.message
    default_code = SignedInRecently.code


class PublicEndpoint(Endpoint):
    """An endpoint that needs no credential: the body proves who the caller is."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = (AddressThrottle,)
    throttle_scope: str
    tag = "auth"


def _sign_in(request: Request, user: User, *, at: datetime) -> tokens.TokenPair:
    """Begin a sign-in by token of a user who has just given their password."""
    client = client_of(request._request)
    return tokens.start_family(user=user, at=at, authenticated_at=at, client=client)


class RegisterView(PublicEndpoint):
    """Create an account. 202 means that the user must first verify the address."""

    name = "Register"
    input_class = RegisterSerializer
    conflicts = {"POST": (EmailTaken,)}
    throttle_scope = "register"

    @extend_schema(
        operation_id="register",
        responses={201: RegisteredSerializer, 202: MailedSerializer},
    )
    def post(self, request: Request) -> Response:
        body = self.validated(request)
        user = register(request._request, **body)
        if user is None or is_verification_mandatory():
            return Response(
                {"detail": "Verify your address: follow the link in our e-mail."},
                status=status.HTTP_202_ACCEPTED,
            )
        now = timezone.now()
        pair = _sign_in(request, user, at=now)
        return Response(
            {"user": UserSerializer(user).data, **pair.as_dict()},
            status=status.HTTP_201_CREATED,
        )


class TokenView(PublicEndpoint):
    """Sign in with an e-mail address and a password; get a pair of tokens."""

    name = "Sign in"
    input_class = SignInSerializer
    throttle_scope = "sign-in-address"
    refusals = {"POST": (SignInFailed, EmailNotVerified)}

    @extend_schema(
        operation_id="sign_in",
        responses={200: TokenPairSerializer, 401: None, 403: None},
    )
    def post(self, request: Request) -> Response:
        body = self.validated(request)
        with password_attempts.sign_in_attempt(
            request._request, body["email"], readings=self.readings
        ) as attempt:
            user = authenticate(request._request, **body)
            attempt.failed = user is None
        if not isinstance(user, User):
            raise SignInFailed()
        if not may_sign_in(user):
            raise EmailNotVerified()
        now = timezone.now()
        try:
            pair = _sign_in(request, user, at=now)
        except CredentialEnded as exc:  # the password was changed in the meantime
            raise SignInFailed() from exc
        events.record_sign_in(user, request._request, at=now, is_program=True)
        return Response(pair.as_dict())


class TokenRefreshView(PublicEndpoint):
    """Exchange a refresh token for the next pair of tokens."""

    name = "Refresh a token"
    input_class = RefreshSerializer
    throttle_scope = "refresh"

    @extend_schema(
        operation_id="refresh", responses={200: TokenPairSerializer, 401: None}
    )
    def post(self, request: Request) -> Response:
        body = self.validated(request)
        try:
            pair = tokens.rotate(
                refresh=body["refresh"],
                at=timezone.now(),
                client=client_of(request._request),
            )
        except TokenError as exc:
            raise refused("refresh token: not valid") from exc
        return Response(pair.as_dict())


class TokenExchangeView(Endpoint):
    """Exchange a token of a Better Auth server for a pair of tokens."""

    name = "Exchange a token"
    scopes = {"POST": None}
    authentication_classes = (BetterAuthAuthentication,)
    throttle_classes = (AddressThrottle,)
    throttle_scope = "exchange"
    tag = "auth"

    @extend_schema(operation_id="exchange", responses={200: TokenPairSerializer})
    def post(self, request: Request) -> Response:
        now = timezone.now()
        user = user_of(request)
        credential = credential_of(request)
        pair = tokens.start_family(
            user=user,
            at=now,
            authenticated_at=credential.authenticated_at,
            identity=UUID(credential.key),
            client=client_of(request._request),
        )
        about = device_of(request._request)
        events.record(user, SecurityEvent.Kind.SIGNED_IN, at=now, about=about)
        return Response(pair.as_dict())


class LogoutView(PublicEndpoint):
    """Sign out: end the sign-in of this refresh token."""

    name = "Sign out"
    input_class = RefreshSerializer
    throttle_scope = "refresh"

    @extend_schema(operation_id="sign_out", responses={204: None, 401: None})
    def post(self, request: Request) -> Response:
        body = self.validated(request)
        try:
            tokens.end_family(refresh=body["refresh"], at=timezone.now())
        except TokenError as exc:
            raise refused("refresh token: not valid") from exc
        return Response(status=status.HTTP_204_NO_CONTENT)


class PasswordView(Endpoint):
    """Change the password; all other credentials are revoked."""

    name = "Change the password"
    scopes = {"POST": None}
    input_class = PasswordChangeSerializer
    tag = "auth"

    @extend_schema(operation_id="change_password", responses={204: None})
    def post(self, request: Request) -> Response:
        user = reload_user(user_of(request))
        body = self.validated(request, user=user)
        if not password_attempts.check_password(
            user,
            body["old_password"],
            session=self._session_of(request),
            readings=self.readings,
        ):
            raise ValidationError({"old_password": ["The password is incorrect."]})
        change_password(
            user=user,
            password=body["new_password"],
            at=timezone.now(),
            keep=credential_of(request),
        )
        if credential_of(request).kind == "session":
            update_session_auth_hash(request._request, user)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _session_of(self, request: Request) -> str:
        credential = credential_of(request)
        if credential.key:
            return str(credential)
        return session_key_of(request._request)


class MeView(Endpoint):
    """The signed-in user."""

    name = "The signed-in user"
    scopes = {"GET": ACCOUNT, "PATCH": None, "DELETE": None}
    list_methods = {"GET"}
    input_class = UserSerializer
    tag = "users"
    refusals = {"DELETE": (RecentSignInRequired,)}

    def get_permissions(self) -> Sequence[BasePermission]:
        if self.request.method == "DELETE":
            return [IsAuthenticated(), SignedInRecently()]
        return [IsAuthenticated()]

    @extend_schema(operation_id="me", responses=UserSerializer)
    def get(self, request: Request) -> Response:
        """Get the signed-in user."""
        return Response(UserSerializer(self._user()).data)

    @extend_schema(operation_id="me_update", responses=UserSerializer)
    def patch(self, request: Request) -> Response:
        """Update the fields of the signed-in user that are sent."""
        changes = self.validated(request)
        user = self._user()
        for name, value in changes.items():
            setattr(user, name, value)
        user.save(update_fields=[*changes, "updated_at"])
        return Response(UserSerializer(user).data)

    @extend_schema(operation_id="me_delete", responses={204: None})
    def delete(self, request: Request) -> Response:
        """Lock the account now, and delete it with all its data in 7 days."""
        request_deletion(user=self._user(), at=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _user(self) -> User:
        # With all columns: authentication loads only those that each request needs.
        return reload_user(user_of(self.request))
