"""Everything under /accounts/: our own pages, then allauth's.

Ours are named `accounts:…`. allauth's keep their names without a namespace
(`account_login`), because it looks them up by those.
"""

from allauth.socialaccount import views as social_views
from django.contrib.auth.decorators import login_not_required
from django.urls import include, path, re_path
from django.views.generic import RedirectView

from accounts import social_adapter
from accounts.pages import (
    credentials,
    everything,
    identities,
    leaving,
    recent_sign_in,
    security_events,
    sign_out,
    support,
    views,
)
from accounts.pages.settings import SettingsView

SOCIAL = "socialaccount"

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

urlpatterns = [
    path("", include((own, "accounts"))),
    path("", include(external)),
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
