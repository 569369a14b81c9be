"""Everything under /accounts/: our own pages, then allauth's.

Ours are named `accounts:…`. allauth's keep their names without a namespace
(`account_login`), because it looks them up by those.
"""

from django.urls import include, path
from django.views.generic import RedirectView

from accounts.pages import connected, views

own = [
    path("", RedirectView.as_view(pattern_name="accounts:settings"), name="home"),
    path("settings/", views.SettingsView.as_view(), name="settings"),
    path("security/", views.SecurityView.as_view(), name="security"),
    path(
        "sign-out-everywhere/",
        views.SignOutEverywhereView.as_view(),
        name="sign-out-everywhere",
    ),
    path("connect/", connected.ConnectView.as_view(), name="connect"),
    path(
        "connect/confirm/",
        connected.ConnectConfirmView.as_view(),
        name="connect-confirm",
    ),
    path(
        "disconnect/<uuid:pk>/", connected.DisconnectView.as_view(), name="disconnect"
    ),
    path("delete/", views.DeletionView.as_view(), name="delete"),
]

urlpatterns = [
    path("", include((own, "accounts"))),
    path("email/", views.EmailView.as_view(), name="account_email"),
    path("", include("allauth.account.urls")),
]
