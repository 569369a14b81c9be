"""Everything under /accounts/: our own pages, then allauth's.

Ours are named `accounts:…`. allauth's keep their names without a namespace
(`account_login`), because it looks them up by those.
"""

from allauth.socialaccount import views as social_views
from django.contrib.auth.decorators import login_not_required
from django.urls import include, path, re_path, register_converter
from django.urls.converters import StringConverter
from django.views.generic import RedirectView

from accounts import social_adapter
from accounts.pages import (
    credentials,
    everything,
    factors,
    identities,
    leaving,
    recent_sign_in,
    second_step,
    security_events,
    sign_out,
    support,
    views,
)
from accounts.pages.settings import SettingsView

SOCIAL = "socialaccount"


class PurposeOfUser(StringConverter):
    """What a passkey of a signed-in user is asked for."""

    regex = "add|confirm"


class PurposeOfVisitor(StringConverter):
    """What a passkey of a visitor is asked for."""

    regex = "sign-in|step"


register_converter(PurposeOfUser, "purpose_of_user")
register_converter(PurposeOfVisitor, "purpose_of_visitor")

own = [
    path("", RedirectView.as_view(pattern_name="accounts:settings"), name="home"),
    path("settings/", SettingsView.as_view(), name="settings"),
    path("security/", views.SecurityView.as_view(), name="security"),
    path(
        "sign-out-everywhere/",
        views.SignOutEverywhereView.as_view(),
        name="sign-out-everywhere",
    ),
    path("credentials/", credentials.CredentialsView.as_view(), name="credentials"),
    path(
        "credentials/end-others/",
        credentials.EndOthersView.as_view(),
        name="credentials-end-others",
    ),
    path("credentials/<str:pk>/end/", credentials.end, name="credential-end"),
    path("connect/", identities.ConnectView.as_view(), name="connect"),
    path(
        "connect/confirm/",
        identities.ConnectConfirmView.as_view(),
        name="connect-confirm",
    ),
    path(
        "disconnect/<uuid:pk>/", identities.DisconnectView.as_view(), name="disconnect"
    ),
    path(
        "sign-in-again/", recent_sign_in.SignInAgainView.as_view(), name="sign-in-again"
    ),
    path("2fa/", factors.FactorsView.as_view(), name="factors"),
    path("2fa/app/", factors.AddAppView.as_view(), name="app-add"),
    path("2fa/passkeys/add/", factors.AddPasskeyView.as_view(), name="passkey-add"),
    path(
        "2fa/passkeys/<int:pk>/",
        factors.RenamePasskeyView.as_view(),
        name="passkey-rename",
    ),
    path(
        "2fa/passkeys/options/<purpose_of_user:purpose>/",
        second_step.PasskeyOptionsView.as_view(),
        name="passkey-options",
    ),
    path(
        "2fa/<int:pk>/remove/", factors.RemoveFactorView.as_view(), name="factor-remove"
    ),
    path("2fa/codes/", factors.CodesView.as_view(), name="codes"),
    path("2fa/codes/download/", factors.download_codes, name="codes-download"),
    path(
        "connected/<uuid:pk>/second-step/",
        identities.SecondStepView.as_view(),
        name="identity-second-step",
    ),
    path("paused/", identities.PausedView.as_view(), name="paused"),
    path("paused/<uuid:pk>/keep/", identities.KeepView.as_view(), name="keep"),
    path(
        "security/events/",
        security_events.SecurityEventsView.as_view(),
        name="security-events",
    ),
    path(
        "security/events/download/",
        security_events.DownloadView.as_view(),
        name="security-events-download",
    ),
    path("support/", support.SupportView.as_view(), name="support"),
    path("support/allow/", support.AllowView.as_view(), name="support-allow"),
    path("support/end/", support.EndView.as_view(), name="support-end"),
    path("support/<uuid:pk>/", support.EarlierView.as_view(), name="support-earlier"),
    path(
        "export-everything/",
        everything.EverythingView.as_view(),
        name="export-everything",
    ),
    path(
        "leaving/download/",
        leaving.DownloadView.as_view(),
        name="leaving-download",
    ),
    path("leaving/", leaving.LeavingView.as_view(), name="leaving"),
    path("keep/<str:token>/", leaving.KeepView.as_view(), name="keep-account"),
    path("delete/", views.DeletionView.as_view(), name="delete"),
]

# Sign-in at an external issuer. allauth looks these up by name; the last two redirect
# to our own pages.
external = [
    path(
        "oidc/better-auth/login/",
        social_adapter.login,
        {"provider_id": "better-auth"},
        name="openid_connect_login",
    ),
    path(
        "oidc/better-auth/login/callback/",
        social_adapter.callback,
        {"provider_id": "better-auth"},
        name="openid_connect_callback",
    ),
    path(
        "outside/cancelled/",
        social_views.login_cancelled,
        name=f"{SOCIAL}_login_cancelled",
    ),
    path(
        "outside/error/",
        login_not_required(social_views.login_error),
        name=f"{SOCIAL}_login_error",
    ),
    path(
        "outside/",
        RedirectView.as_view(pattern_name="accounts:security"),
        name=f"{SOCIAL}_connections",
    ),
    path(
        "outside/new/",
        RedirectView.as_view(pattern_name="account_login"),
        name=f"{SOCIAL}_signup",
    ),
]

# allauth looks these up by name.
steps = [
    path("login/", second_step.SignInView.as_view(), name="account_login"),
    path("2fa/step/", second_step.SecondStepView.as_view(), name="mfa_authenticate"),
    path("2fa/confirm/", second_step.ConfirmView.as_view(), name="mfa_reauthenticate"),
    path(
        "2fa/sign-in/",
        second_step.PasskeySignInView.as_view(),
        name="mfa_login_webauthn",
    ),
    path(
        "2fa/passkeys/options/<purpose_of_visitor:purpose>/",
        second_step.SignInOptionsView.as_view(),
        name="mfa_passkey_options",
    ),
]

urlpatterns = [
    path("", include((own, "accounts"))),
    path("", include(external)),
    path("", include(steps)),
    path("email/", views.EmailView.as_view(), name="account_email"),
    path(
        "reauthenticate/code/",
        recent_sign_in.RequestCodeView.as_view(),
        name="account_request_reauthentication_code",
    ),
    path(
        "reauthenticate/code/confirm/",
        recent_sign_in.ConfirmCodeView.as_view(),
        name="account_confirm_reauthentication_code",
    ),
    path(
        "password/change/",
        views.PasswordChangeView.as_view(),
        name="account_change_password",
    ),
    path("password/set/", views.PasswordSetView.as_view(), name="account_set_password"),
    re_path(
        r"^confirm-email/(?P<key>[-:\w]+)/$",
        views.ConfirmEmailView.as_view(),
        name="account_confirm_email",
    ),
    re_path(
        r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        views.PasswordResetFromKeyView.as_view(),
        name="account_reset_password_from_key",
    ),
    # A user whose session has ended is signed out already, and needn't sign in for it.
    path(
        "logout/",
        login_not_required(sign_out.SignOutView.as_view()),
        name="account_logout",
    ),
    path("", include("allauth.account.urls")),
]
