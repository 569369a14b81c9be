"""The pages on which users add and remove second factors."""

from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.http import require_safe
from django.views.generic import FormView, TemplateView
from qrcode import QRCode

from accounts import factors, passkeys
from accounts.authentication import user_of
from accounts.factor_secrets import Undecryptable, decrypt, encrypt
from accounts.models import User
from accounts.pages.recent_sign_in import recent_sign_in_required
from accounts.sign_in_records import record_factor
from config.text import TextFormField

if TYPE_CHECKING:
    NameFormView = FormView["NameForm"]
    CodeFormView = FormView["CodeForm"]
else:
    NameFormView = CodeFormView = FormView

NEW_APP = "accounts.new_app"  # in the session: the secret of an app not yet added
GONE = "It was removed already, perhaps in another tab."


class CodeField(forms.CharField):
    """A code of the second step, which browsers and phones may fill in."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=factors.MAX_CODE_LENGTH, **options)
        self.widget.attrs |= {
            "autocomplete": "one-time-code",
            "inputmode": "numeric",
            "spellcheck": "false",
        }


def factors_in_words(rows: list[Any]) -> str:
    """Return what the factors are, for a line, or "" without any."""
    passkeys_number = sum(row.type == factors.PASSKEY for row in rows)
    left = factors.codes_left(rows)
    parts = [
        _number(passkeys_number, "passkey") if passkeys_number else "",
        "authenticator app" if any(row.type == factors.APP for row in rows) else "",
        "" if left is None else f"{_number(left, 'recovery code')} left",
    ]
    return ", ".join(filter(None, parts))


def _number(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"


class FactorsView(TemplateView):
    """The overview: which factors there are, and what can be added."""

    template_name = "mfa/index.html"

    def get_context_data(self, **kwargs: object) -> dict[str, Any]:
        user = user_of(self.request)
        rows = factors.factors_of(user)
        return super().get_context_data(
            passkeys=[row for row in rows if row.type == factors.PASSKEY],
            app=next((row for row in rows if row.type == factors.APP), None),
            codes_left=factors.codes_left(rows),
            days=settings.TRUSTED_BROWSER_AGE.days,
            identities=user.identities.order_by("created_at", "pk"),
            **kwargs,
        )


def _added(request: HttpRequest, user: User, kind: str, *, is_first: bool) -> str:
    """Record that the factor was just used; return where to go: first to the codes."""
    record_factor(request, user, kind)
    return "accounts:codes" if is_first else "accounts:factors"


# --- An authenticator app -------------------------------------------------------------


class CodeForm(forms.Form):
    """The code that the app shows."""

    code = CodeField(label="Code from the app")


@method_decorator(recent_sign_in_required, name="dispatch")
class AddAppView(CodeFormView):
    """Show the secret, and add the app once it shows the right code."""

    form_class = CodeForm
    template_name = "mfa/totp/activate_form.html"

    def get_context_data(self, **kwargs: object) -> dict[str, Any]:
        secret = self._secret()
        address = app_address(user_of(self.request), secret)
        rows, size = qr_rows(address)
        return super().get_context_data(
            groups=[secret[i : i + 4] for i in range(0, len(secret), 4)],
            address=address,
            qr_rows=rows,
            qr_size=size,
            **kwargs,
        )

    def _secret(self) -> str:
        """Return the new secret of this user's session, so that a reload keeps it."""
        user_id = str(user_of(self.request).pk)
        kept = self.request.session.get(NEW_APP)
        if kept is not None and kept["user"] == user_id:
            try:
                return decrypt(kept["secret"])
            except Undecryptable:
                pass
        secret = factors.new_app_secret()
        self.request.session[NEW_APP] = {"user": user_id, "secret": encrypt(secret)}
        return secret

    def form_valid(self, form: CodeForm) -> HttpResponse:
        user = user_of(self.request)
        is_first = not user.has_factor
        try:
            factors.add_app(
                user=user,
                secret=self._secret(),
                code=form.cleaned_data["code"],
                at=timezone.now(),
            )
        except factors.WrongCode:
            form.add_error(
                "code",
                "This code is not the one that the app should show. Check that the"
                " clock of your device is right, and enter the next code.",
            )
            return self.form_invalid(form)
        except factors.AlreadyAdded:
            messages.info(self.request, "You have an authenticator app already.")
            return redirect("accounts:factors")
        self.request.session.pop(NEW_APP, None)
        messages.success(self.request, "The authenticator app has been added.")
        return redirect(_added(self.request, user, factors.APP, is_first=is_first))


def app_address(user: User, secret: str) -> str:
    """Return the address that tells an authenticator app its secret."""
    label = f"Ownlist:{user.email or user.display_name or 'account'}"
    query = urlencode({"secret": secret, "issuer": "Ownlist"})
    return f"otpauth://totp/{quote(label)}?{query}"


def qr_rows(text: str) -> tuple[str, int]:
    """Return the dark parts of a QR code as an SVG path, and its size."""
    code = QRCode(border=2)
    code.add_data(text)
    matrix = code.get_matrix()
    dark = (
        f"M{x} {y}h1v1h-1z"
        for y, row in enumerate(matrix)
        for x, is_dark in enumerate(row)
        if is_dark
    )
    return "".join(dark), len(matrix)


# --- Passkeys -------------------------------------------------------------------------


class NameForm(forms.Form):
    """The name of a passkey."""

    name = TextFormField(
        max_length=factors.MAX_NAME_LENGTH,
        label="Name",
        help_text="So that you recognise it, such as the name of the device.",
    )


class CredentialField(forms.CharField):
    """What the browser returned for a passkey: JSON, which no user has typed."""

    widget = forms.HiddenInput

    def __init__(self) -> None:
        super().__init__(
            required=False,
            strip=False,
            max_length=passkeys.MAX_LENGTH,
            error_messages={"max_length": passkeys.NOT_ACCEPTED},
        )


class PasskeyForm(NameForm):
    """A name, and what the browser returned."""

    credential = CredentialField()


@method_decorator(recent_sign_in_required, name="dispatch")
class AddPasskeyView(NameFormView):
    """Add a passkey under a name."""

    form_class = PasskeyForm
    template_name = "mfa/webauthn/add_form.html"

    def get_initial(self) -> dict[str, Any]:
        return {"name": _suggested_name(user_of(self.request))}

    def get_context_data(self, **kwargs: object) -> dict[str, Any]:
        return super().get_context_data(
            **passkey_context(self.request, "add"), **kwargs
        )

    def form_valid(self, form: NameForm) -> HttpResponse:
        user = user_of(self.request)
        is_first = not user.has_factor
        try:
            passkey = passkeys.finish_adding(
                self.request, user, form.cleaned_data["credential"]
            )
            factors.add_passkey(
                user=user,
                passkey=passkey,
                name=form.cleaned_data["name"],
                at=timezone.now(),
            )
        except passkeys.PasskeyRefused as refusal:
            form.add_error(None, refusal.advice)
            return self.form_invalid(form)
        except factors.AlreadyAdded:
            messages.info(self.request, "You have this passkey already.")
            return redirect("accounts:factors")
        except factors.TooManyPasskeys:
            messages.error(
                self.request,
                f"You have {factors.MAX_PASSKEYS} passkeys. Remove one first.",
            )
            return redirect("accounts:factors")
        messages.success(self.request, "The passkey has been added.")
        return redirect(_added(self.request, user, factors.PASSKEY, is_first=is_first))


def passkey_context(
    request: HttpRequest,
    purpose: passkeys.Purpose,
    options: str = "accounts:passkey-options",
) -> dict[str, str]:
    """Return what a form needs to ask the browser for a passkey.

    `options` names the view that begins the ceremony; the value `elsewhere` is the same
    page at the host name that passkeys belong to.
    """
    host = passkeys.relying_party()
    port = request.get_port()
    here = f"{host}:{port}" if port not in {"80", "443"} else host
    return {
        "purpose": purpose,
        "options": reverse(options, args=[purpose]),
        "host": host,
        "elsewhere": f"{request.scheme}://{here}{request.get_full_path()}",
    }


def _suggested_name(user: User) -> str:
    number = len(factors.passkeys_of(user)) + 1
    return "My passkey" if number == 1 else f"Passkey {number}"


@method_decorator(recent_sign_in_required, name="dispatch")
class RenamePasskeyView(NameFormView):
    """Give a passkey another name."""

    form_class = NameForm
    template_name = "mfa/webauthn/edit_form.html"

    def get_initial(self) -> dict[str, Any]:
        rows = factors.passkeys_of(user_of(self.request))
        names = [row.data["name"] for row in rows if row.pk == self.kwargs["pk"]]
        if not names:
            raise Http404
        return {"name": names[0]}

    def form_valid(self, form: NameForm) -> HttpResponse:
        is_there = factors.rename_passkey(
            user=user_of(self.request),
            pk=self.kwargs["pk"],
            name=form.cleaned_data["name"],
        )
        if is_there:
            messages.success(self.request, "The passkey has been renamed.")
        else:
            messages.info(self.request, GONE)
        return redirect("accounts:factors")


# --- Removing -------------------------------------------------------------------------


@method_decorator(recent_sign_in_required, name="dispatch")
class RemoveFactorView(TemplateView):
    """Remove a passkey or the app, after confirmation."""

    template_name = "mfa/remove.html"

    def get(
        self, request: HttpRequest, *args: object, **kwargs: object
    ) -> HttpResponse:
        rows = factors.factors_of(user_of(request))
        required = [row for row in rows if row.type in factors.REQUIRED_BY]
        row = next((one for one in required if one.pk == self.kwargs["pk"]), None)
        if row is None:
            messages.info(request, GONE)
            return redirect("accounts:factors")
        return self.render_to_response(
            {
                "name": row.data.get("name", "the authenticator app"),
                "is_last": len(required) == 1,
            }
        )

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        user = user_of(request)
        rows = factors.factors_of(user)
        names = [row.data.get("name") for row in rows if row.pk == pk]
        what = f"passkey “{names[0]}”" if any(names) else "authenticator app"
        removed = f"The {what} has been removed."
        if not factors.remove(user=user, pk=pk, at=timezone.now()):
            messages.info(request, GONE)
        elif user.has_factor:
            messages.success(request, removed)
        else:
            messages.warning(
                request,
                f"{removed} Your sign-in has no second step now. If your "
                f"password has fewer than {settings.PASSWORD_MIN_LENGTH} characters, "
                "choose a longer one.",
            )
        return redirect("accounts:factors")


# --- Recovery codes -------------------------------------------------------------------


@method_decorator(recent_sign_in_required, name="dispatch")
class CodesView(TemplateView):
    """Show the recovery codes while they may be seen; POST replaces them."""

    template_name = "mfa/recovery_codes/index.html"

    def get(
        self, request: HttpRequest, *args: object, **kwargs: object
    ) -> HttpResponse:
        try:
            codes = factors.show_codes(user=user_of(request), at=timezone.now())
        except factors.NoFactor:
            return redirect("accounts:factors")
        minutes = factors.CODES_SHOWN_FOR.seconds // 60
        return self.render_to_response({"codes": codes, "minutes": minutes})

    def post(self, request: HttpRequest) -> HttpResponse:
        try:
            factors.replace_codes(user=user_of(request), at=timezone.now())
        except factors.NoFactor:
            messages.info(request, "Add a passkey or an authenticator app first.")
            return redirect("accounts:factors")
        messages.success(request, "The earlier recovery codes don't work any more.")
        return redirect("accounts:codes")


@require_safe
@recent_sign_in_required
def download_codes(request: HttpRequest) -> HttpResponse:
    """Return the recovery codes as a file, while they may be seen."""
    try:
        codes = factors.show_codes(user=user_of(request), at=timezone.now())
    except factors.NoFactor:
        codes = None
    if codes is None:
        return HttpResponseRedirect(reverse("accounts:codes"))
    head = f"Recovery codes for Ownlist, {settings.BASE_URL}\nEach works once.\n\n"
    text = head + "\n".join(f"{code[:4]} {code[4:]}" for code in codes) + "\n"
    response = HttpResponse(text, content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = (
        'attachment; filename="ownlist-recovery-codes.txt"'
    )
    return response
