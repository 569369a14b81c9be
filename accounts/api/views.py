"""Registration, tokens, and the signed-in user."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.contrib.auth import authenticate, update_session_auth_hash
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.exceptions import (
    APIException,
    AuthenticationFailed,
    PermissionDenied,
    ValidationError,
)
from rest_framework.permissions import AllowAny, BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework_simplejwt.exceptions import TokenError

from accounts import events, factors, password_attempts, tokens
from accounts.adapter import session_key_of
from accounts.api.permissions import SignedInRecently
from accounts.api.serializers import (
    ExchangeSerializer,
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
    SecondFactorRequired,
    credential_of,
    refused,
    user_of,
)
from accounts.better_auth.identities import skips_factor
from accounts.credentials import (
    CredentialEnded,
    change_password,
    reload_user,
    request_deletion,
)
from accounts.devices import client_of
from accounts.models import User
from accounts.registration import (
    EmailTaken,
    is_verification_mandatory,
    may_sign_in,
    register,
)
from config.api.responses import Response
from config.api.scopes import ACCOUNT
from config.api.throttling import AddressThrottle, Reading
from config.api.views import Endpoint


class SignInFailed(AuthenticationFailed):
    """401: the sign-in failed; the same response for every reason."""

    default_detail = "The e-mail address or password is incorrect."


class EmailNotVerified(PermissionDenied):
    """403: the password is correct, but the address is not verified."""

    default_detail = "Verify your address first: follow the link in our e-mail."
    default_code = "email_not_verified"


class WrongCode(APIException):
    """401: the first step succeeded, but the code is wrong, old or used up.

    It is not an `AuthenticationFailed`, whose code is that of an ended credential.
    """

    status_code = status.HTTP_401_UNAUTHORIZED
    auth_header = "Bearer"

    default_detail = (
        "The code is wrong, has expired or was used before. Wait for the next one."
    )
    default_code = "wrong_code"


class RecentSignInRequired(PermissionDenied):
    """403: the user must sign in again before this request."""

    default_detail = SignedInRecently.message
    default_code = SignedInRecently.code


def check_code(
    request: Request,
    user: User,
    code: str | None,
    *,
    at: datetime,
    readings: list[Reading],
) -> None:
    """Use up the code of the second step, within the limits on wrong ones.

    Raises:
        CredentialEnded: the credentials of the user ended meanwhile.
        SecondFactorRequired: there is no code.
        WrongCode: it is wrong.
    """
    if not code:
        raise SecondFactorRequired()
    with password_attempts.second_step_attempt(
        request._request, user, readings=readings
    ) as attempt:
        attempt.failed = factors.use_code(user=user, code=code, at=at) is None
    if attempt.failed:
        raise WrongCode()


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
    refusals = {
        "POST": (SignInFailed, WrongCode, EmailNotVerified, SecondFactorRequired)
    }

    @extend_schema(
        operation_id="sign_in",
        responses={200: TokenPairSerializer, 401: None, 403: None},
    )
    def post(self, request: Request) -> Response:
        body = self.validated(request)
        code = body.pop("code", None)
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
            if user.has_factor:
                check_code(request, user, code, at=now, readings=self.readings)
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
    """Exchange a token of a Better Auth server for a pair of tokens.

    The body may be empty. It has a `code` if the account requires a second step, and
    the user has not let this sign-in in without it.
    """

    name = "Exchange a token"
    scopes = {"POST": None}
    input_class = ExchangeSerializer
    authentication_classes = (BetterAuthAuthentication,)
    asks_for_code = True
    refusals = {"POST": (WrongCode, SecondFactorRequired)}
    throttle_classes = (AddressThrottle,)
    throttle_scope = "exchange"
    tag = "auth"

    @extend_schema(operation_id="exchange", responses={200: TokenPairSerializer})
    def post(self, request: Request) -> Response:
        now = timezone.now()
        user = user_of(request)
        credential = credential_of(request)
        identity, proved_at = UUID(credential.key), credential.authenticated_at
        code = self.validated(request).get("code") if user.has_factor else None
        if user.has_factor and (code or not skips_factor(identity)):
            check_code(request, user, code, at=now, readings=self.readings)
            proved_at = now
        pair = tokens.start_family(
            user=user,
            at=now,
            authenticated_at=proved_at,
            identity=identity,
            client=client_of(request._request),
        )
        events.record_sign_in(user, request._request, at=now, is_program=True)
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
    """Change the password; all other credentials are revoked.

    A user with a second factor must have signed in recently.
    """

    name = "Change the password"
    scopes = {"POST": None}
    input_class = PasswordChangeSerializer
    tag = "auth"
    refusals = {"POST": (RecentSignInRequired,)}

    @extend_schema(operation_id="change_password", responses={204: None})
    def post(self, request: Request) -> Response:
        user = reload_user(user_of(request))
        if user.has_factor and not SignedInRecently().has_permission(request, self):
            raise RecentSignInRequired
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
