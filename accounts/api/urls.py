"""The routes of accounts under `/api/v1/`."""

from accounts.api import credentials, security_events, views
from config.api.routing import endpoint

urlpatterns = [
    *endpoint("auth/register", views.RegisterView.as_view(), "register"),
    *endpoint("auth/token", views.TokenView.as_view(), "token"),
    *endpoint("auth/token/refresh", views.TokenRefreshView.as_view(), "token-refresh"),
    *endpoint(
        "auth/token/exchange", views.TokenExchangeView.as_view(), "token-exchange"
    ),
    *endpoint("auth/logout", views.LogoutView.as_view(), "logout"),
    *endpoint("auth/password", views.PasswordView.as_view(), "password"),
    *endpoint("credentials", credentials.CredentialsView.as_view(), "credentials"),
    *endpoint(
        "credentials/<str:credential_id>",
        credentials.CredentialView.as_view(),
        "credential",
    ),
    *endpoint(
        "security-events",
        security_events.SecurityEventsView.as_view(),
        "security-events",
    ),
    *endpoint("users/me", views.MeView.as_view(), "me"),
]
