"""The pages that ask for a second factor: at sign-in, and later to confirm.

Passkeys also sign in alone. Their scripts get the options of a ceremony by a POST, so
that no other origin can begin one.
"""

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from allauth.account import views as allauth
from allauth.account.utils import get_next_redirect_url, perform_login
from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    JsonResponse,
)
from django.shortcuts import redirect
from django.template.defaultfilters import pluralize
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.generic import FormView, View

from accounts import (
    begun_sign_ins,
    factors,
    passkeys,
    password_attempts,
    trusted_browsers,
)
from accounts.adapter import session_key_of
from accounts.authentication import user_of
from accounts.models import User
from accounts.pages.factors import CodeField, CredentialField, passkey_context
from accounts.password_attempts import Attempt
from accounts.second_step import pending, record_passkey
from accounts.sign_in_records import record_factor
from config.toasts import ToastAction, add_toast

if TYPE_CHECKING:
    StepFormView = FormView["StepForm"]
else:
    StepFormView = FormView

EXPIRED = "Your sign-in has expired. Enter your password again."
OPTIONS_OF_VISITOR = "mfa_passkey_options"


class StepForm(forms.Form):
    """A code, or what the browser returned for a passkey."""

    code = CodeField(
        label="Code",
        required=False,
        help_text="From your authenticator app, or one of your recovery codes.",
    )
    credential = CredentialField()

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if not given.get("code") and not given.get("credential") and not self.errors:
            self.add_error("code", "Enter a code.")
        return given


class TrustingStepForm(StepForm):
    """The same at sign-in, where the browser can be trusted from then on."""

    trust = forms.BooleanField(
        required=False,
        label=f"Trust this browser for {settings.TRUSTED_BROWSER_AGE.days} days",
        help_text="Not on a computer that others use.",
    )


class _StepView(StepFormView):
    """Asks a user for one of their factors, within the limits on wrong ones."""

    purpose: passkeys.Purpose
    beginning = "accounts:passkey-options"  # the view that begins the ceremony

    @property
    def user(self) -> User:
        """The user whose factor it must be."""
        raise NotImplementedError

    def attempt(self, *, is_code: bool) -> AbstractContextManager[Attempt]:
        """Count this attempt, within the limits on wrong ones."""
        raise NotImplementedError

    def get_context_data(self, **kwargs: object) -> dict[str, Any]:
        rows = factors.factors_of(self.user)
        return super().get_context_data(
            has_passkey=any(row.type == factors.PASSKEY for row in rows),
            has_app=any(row.type == factors.APP for row in rows),
            **passkey_context(self.request, self.purpose, self.beginning),
            **kwargs,
        )

    def form_valid(self, form: StepForm) -> HttpResponse:
        user, given = self.user, form.cleaned_data
        with self.attempt(is_code=not given["credential"]) as attempt:
            attempt.failed = True  # unless it succeeds
            try:
                kind = self._use(user, given)
            except ValidationError as refusal:
                form.add_error("code", refusal)
                return self.form_invalid(form)
            attempt.failed = False
        record_factor(self.request, user, kind)
        if kind == factors.CODES:
            _say_what_to_do_now(self.request, user)
        return self.succeeded(given)

    def _use(self, user: User, given: dict[str, Any]) -> str:
        now = timezone.now()
        if given["credential"]:
            try:
                passkeys.finish(
                    self.request, self.purpose, user, given["credential"], at=now
                )
            except passkeys.PasskeyRefused as refusal:
                raise ValidationError(refusal.advice) from refusal
            return str(factors.PASSKEY)
        kind = factors.use_code(user=user, code=given["code"], at=now)
        if kind is None:
            raise ValidationError(
                "This code is wrong, has expired or was used before."
                " Wait for the next one, or use another way."
            )
        return kind

    def succeeded(self, given: dict[str, Any]) -> HttpResponse:
        """Respond to a factor that was accepted."""
        raise NotImplementedError


def _say_what_to_do_now(request: HttpRequest, user: User) -> None:
    """Tell a user who used a recovery code how many are left, and lead on."""
    left = factors.codes_left(factors.factors_of(user)) or 0
    add_toast(
        request,
        f"You have used a recovery code. {left or 'No'} code{pluralize(left)} left."
        " If you have lost your device, remove it and add another one."
        + ("" if left else " Create new codes, too."),
        # An account that is being deleted has that page once it is kept.
        [ToastAction("Second step", reverse("accounts:factors"))]
        if user.is_active
        else [],
        level=messages.WARNING,
    )


@method_decorator(login_not_required, name="dispatch")
class SecondStepView(_StepView):
    """The second step of a sign-in that began with a password or at an issuer."""

    form_class = TrustingStepForm
    template_name = "mfa/authenticate.html"
    purpose = "step"
    beginning = OPTIONS_OF_VISITOR
    stage: Any  # a SecondStep, whose methods allauth doesn't annotate
    fingerprint = ""  # of the factors, before one of them is used

    def dispatch(
        self, request: HttpRequest, *args: object, **kwargs: object
    ) -> HttpResponseBase:
        if request.user.is_authenticated:
            return redirect(settings.LOGIN_REDIRECT_URL)
        stage = pending(request)
        if stage is None:
            messages.info(request, EXPIRED)
            return redirect("account_login")
        self.stage = stage
        return super().dispatch(request, *args, **kwargs)

    @property
    def user(self) -> User:
        assert isinstance(self.stage.login.user, User)
        return self.stage.login.user

    def attempt(self, *, is_code: bool) -> AbstractContextManager[Attempt]:
        # Not by session: anyone with the password can begin many.
        return password_attempts.second_step_attempt(
            self.request, self.user, is_code=is_code
        )

    def form_valid(self, form: StepForm) -> HttpResponse:
        self.fingerprint = trusted_browsers.fingerprint_of(self.user)
        return super().form_valid(form)

    def succeeded(self, given: dict[str, Any]) -> HttpResponse:
        session = self.request.session
        is_brief = session.get_expire_at_browser_close()
        response: HttpResponse = self.stage.exit()
        if is_brief:  # the user chose it with the password
            session.set_expiry(0)
        if given["trust"] and self.request.user.is_authenticated:
            trusted_browsers.trust(
                self.request,
                response,
                self.user,
                fingerprint=self.fingerprint,
                at=timezone.now(),
            )
        return response


class ConfirmView(_StepView):
    """Ask a signed-in user for a factor, before what requires a recent sign-in."""

    form_class = StepForm
    template_name = "mfa/reauthenticate.html"
    purpose = "confirm"

    def dispatch(
        self, request: HttpRequest, *args: object, **kwargs: object
    ) -> HttpResponseBase:
        if not self.user.has_factor:  # removed in another tab
            return HttpResponseRedirect(self._onward())
        return super().dispatch(request, *args, **kwargs)

    @property
    def user(self) -> User:
        return user_of(self.request)

    def attempt(self, *, is_code: bool) -> AbstractContextManager[Attempt]:
        session = session_key_of(self.request)
        return password_attempts.code_attempt(self.user, session=session)

    def get_context_data(self, **kwargs: object) -> dict[str, Any]:
        return super().get_context_data(onward=self._onward(), **kwargs)

    def _onward(self) -> str:
        return get_next_redirect_url(self.request) or reverse("accounts:security")

    def succeeded(self, given: dict[str, Any]) -> HttpResponse:
        return HttpResponseRedirect(self._onward())


# --- Signing in -----------------------------------------------------------------------


class SignInView(allauth.LoginView):
    """The page of the first step, which also offers to sign in with a passkey."""

    def get_context_data(self, **kwargs: object) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        return context | passkey_context(self.request, "sign-in", OPTIONS_OF_VISITOR)


# --- A passkey alone ------------------------------------------------------------------


class PasskeyOptionsView(View):
    """Begin a ceremony of a signed-in user, and return its options for the browser."""

    http_method_names = ["get", "post"]

    def get(self, request: HttpRequest, purpose: str) -> HttpResponse:
        return redirect("accounts:factors")

    def post(self, request: HttpRequest, purpose: passkeys.Purpose) -> HttpResponse:
        return JsonResponse(passkeys.begin(request, purpose, user_of(request)))


@method_decorator(login_not_required, name="dispatch")
class SignInOptionsView(View):
    """Begin a ceremony of a visitor, who may have reached the second step."""

    http_method_names = ["get", "post"]

    def get(self, request: HttpRequest, purpose: str) -> HttpResponse:
        return redirect("account_login")

    def post(self, request: HttpRequest, purpose: passkeys.Purpose) -> HttpResponse:
        if purpose == "sign-in":
            options, begun = passkeys.begin_sign_in(request)
            response = JsonResponse(options)
            begun_sign_ins.keep(response, begun)
            return response
        stage = pending(request)
        if stage is None:
            raise PermissionDenied
        assert isinstance(stage.login.user, User)
        return JsonResponse(passkeys.begin(request, purpose, stage.login.user))


@method_decorator(login_not_required, name="dispatch")
class PasskeySignInView(View):
    """Sign in with a passkey alone."""

    http_method_names = ["get", "post"]

    def get(self, request: HttpRequest) -> HttpResponse:
        return redirect("account_login")

    def post(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            return redirect(settings.LOGIN_REDIRECT_URL)
        response = request.POST.get("credential", "")
        wanted, now = get_next_redirect_url(request), timezone.now()
        try:
            begun = begun_sign_ins.take(request)
            user = passkeys.finish_sign_in(request, response, begun, at=now)
        except passkeys.PasskeyRefused as refusal:
            messages.error(request, refusal.advice)
            onward = urlencode({REDIRECT_FIELD_NAME: wanted}) if wanted else ""
            return redirect(f"{reverse('account_login')}?{onward}".rstrip("?"))
        record_passkey(request, user)
        record_factor(request, user, factors.PASSKEY)
        done: HttpResponse = perform_login(
            request,
            user,
            email_verification="none",
            redirect_url=wanted,
        )
        return done
