"""All settings of Ownlist in one module, with production defaults.

Values that differ by deployment are read from the environment, or else from `.env`.
`docs/configuration.md` lists them. The system checks in `config/checks.py` prevent a
start with dangerous values.
"""

import os
import sys
from datetime import timedelta
from pathlib import Path

from csp.constants import NONE, SELF

from config.databases import database_settings, replica_settings
from config.environment import Environment, load_file
from config.openid_connect import provider_settings
from config.setting_urls import cache_settings, email_settings, parts_of
from config.static_policy import add_policy

# --- Core -------------------------------------------------------------------

BASE_DIR = Path(__file__).resolve().parent.parent

env = Environment()
ENV_FILE = os.environ.get("OWNLIST_ENV_FILE", str(BASE_DIR / ".env"))
if ENV_FILE:
    load_file(Path(ENV_FILE))

SECRET_KEY = env("SECRET_KEY")  # no default: a missing key prevents the start
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
DEBUG = env.bool("DEBUG", default=False)

# The public address determines links in mails, our `iss`, cookie names and flags, HSTS
# and CSRF origins. Everything works over plain http on loopback.
BASE_URL = env("BASE_URL", default="http://127.0.0.1:8000").rstrip("/")
_base = parts_of(BASE_URL)
IS_HTTPS = _base.scheme == "https"
IS_LOOPBACK = _base.hostname in {"127.0.0.1", "localhost", "::1"}
LOOPBACK_HOSTS = ["127.0.0.1", "localhost", "[::1]"]

ALLOWED_HOSTS = env.list(
    "ALLOWED_HOSTS",
    default=LOOPBACK_HOSTS if IS_LOOPBACK else [_base.hostname or ""],
)
# The number of our own proxies in front, which rewrite the X-Forwarded-* headers. With
# 0 those headers are ignored.
PROXY_COUNT = env.int("PROXY_COUNT", default=0)

VAR_DIR = Path(env("VAR_DIR", default=str(BASE_DIR / "var")))
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
APPEND_SLASH = True  # for pages; every API route is served in both forms
LANGUAGE_CODE = "en-gb"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"  # of the server; each user has their own
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024  # bytes
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000
IMPORT_MAX_BYTES = 20 * 1024 * 1024  # of a file to import, the only upload
# Paths with a higher limit for the body in bytes: the file and the form around it.
UPLOADS = {
    "/api/v1/import": IMPORT_MAX_BYTES + 64 * 1024,
    "/import": IMPORT_MAX_BYTES + 64 * 1024,
}
FILE_UPLOAD_HANDLERS = ["config.uploads.RefusingUploadHandler"]
# The time limit for receiving a body: BODY_SECONDS, plus its size at this rate.
BODY_SECONDS = 20
BODY_BYTES_PER_SECOND = 256 * 1024
# How often clients that are slow to receive an answer are looked for. It must be longer
# than it takes until a client that reads slowly acknowledges something.
UNREAD_SECONDS = 120

# --- Apps -------------------------------------------------------------------

INSTALLED_APPS = [
    "config.apps.ConfigConfig",
    "accounts.apps.AccountsConfig",
    "todos.apps.TodosConfig",
    "accounts.apps.SupportConfig",  # django.contrib.admin
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",  # only its table, for the upgrade
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "corsheaders",
    "csp",
    "rest_framework",
    "drf_spectacular",
]

# --- Middleware -------------------------------------------------------------

# The classes of `config.middleware` that are named like Django's skip API calls with a
# credential of their own, which need no session. Middleware that sets headers comes
# first, so that the responses of all others have them.
# The headers of every answer, the same for pages and for the API.
POLICY_MIDDLEWARE = [
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "config.middleware.PageHeadersMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.security.SecurityMiddleware",
]
MIDDLEWARE = [
    "config.row_security.RowSecurityMiddleware",
    "config.middleware.RequestLogMiddleware",
    "config.middleware.BodyLengthMiddleware",
    "config.api.chain.ShortChainMiddleware",  # which takes calls of programs from here
    "config.compression.PageCompressionMiddleware",
    "config.middleware.SeeOtherMiddleware",
    *POLICY_MIDDLEWARE,
    "config.middleware.HttpsApiMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "config.middleware.RefusalMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.middleware.OtherOriginMiddleware",
    "accounts.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "config.middleware.AuthenticationMiddleware",
    "accounts.middleware.LinkedSessionMiddleware",
    "accounts.middleware.EndedCredentialMiddleware",
    "accounts.middleware.BetterAuthSessionMiddleware",
    "config.middleware.PageLimitMiddleware",
    "config.theme.ThemeMiddleware",
    "config.middleware.LoginRequiredMiddleware",
    "config.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]
# Of API calls that bring a token: see config.api.chain.
API_MIDDLEWARE = [
    "config.api.chain.PolicyHeadersMiddleware",
    "config.middleware.HttpsApiMiddleware",
    "config.api.chain.CorsMiddleware",
    "config.api.chain.ProgramMiddleware",
    "config.middleware.RefusalMiddleware",
    "allauth.account.middleware.AccountMiddleware",  # which sends mails
]

# --- Templates --------------------------------------------------------------

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    [
                        "config.template_loader.Loader",
                        "django.template.loaders.app_directories.Loader",
                    ],
                ),
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "todos.pages.navigation.navigation",
                "config.mails.mails",
                "config.theme.theme",
            ],
            # It belongs to the pages, which a package `templatetags` may not import.
            "libraries": {"rows": "todos.pages.row_tags"},
        },
    },
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

# --- Database ---------------------------------------------------------------

DATABASE_URL = env("DATABASE_URL", default=f"sqlite:///{VAR_DIR / 'ownlist.sqlite3'}")
# Set this for a pooler in transaction mode that lacks prepared statements.
DATABASE_POOLED = env.bool("DATABASE_POOLED", default=False)
DATABASES = {"default": database_settings(DATABASE_URL, pooled=DATABASE_POOLED)}
# What is meant for PostgreSQL must not begin an SQLite file where DATABASE_URL is lost.
POSTGRESQL_REQUIRED = env.bool("POSTGRESQL_REQUIRED", default=False)
# The owner of the tables, for `migrate`, if the service runs as another role.
MIGRATION_DATABASE_URL = env("MIGRATION_DATABASE_URL", default="")
MIGRATION_DATABASE = (
    database_settings(MIGRATION_DATABASE_URL, pooled=False)
    if MIGRATION_DATABASE_URL
    else None
)
# A streaming standby that answers exports, statistics and the feed: config/replica.py.
DATABASE_REPLICA_URL = env("DATABASE_REPLICA_URL", default="")
if DATABASE_REPLICA_URL:
    DATABASES["replica"] = replica_settings(
        DATABASE_REPLICA_URL, pooled=DATABASE_POOLED
    )
    DATABASE_ROUTERS = ["config.replica.Router"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Shared by all workers, for values that can be fetched again: the keys of issuers, and
# recently verified sessions. A migration creates the table. `CACHE_URL=rediscache://…`
# uses a cache server instead.
CACHE_URL = env("CACHE_URL", default="dbcache://ownlist_cache")
CACHES = {"default": cache_settings(CACHE_URL)}
IS_CACHE_A_TABLE = CACHES["default"]["BACKEND"].endswith(".DatabaseCache")
if IS_CACHE_A_TABLE:
    CACHES["default"]["OPTIONS"] = {"MAX_ENTRIES": 20_000}
# The cache that counts for rate limits. Without a cache server they have a table of
# their own, because a cache table drops live entries when it is full.
RATE_LIMIT_CACHE = None if IS_CACHE_A_TABLE else "default"

# --- Authentication ---------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "accounts.backends.PasswordBackend",
    # Only for existing sessions that name it. It never checks a password.
    "allauth.account.auth_backends.AuthenticationBackend",
]
PASSWORD_HASHERS = [
    "accounts.hashing.Argon2PasswordHasher",
    "accounts.hashing.PBKDF2PasswordHasher",
    # Imported from Better Auth; replaced at the next sign-in.
    "accounts.hashing.BetterAuthPasswordHasher",
]
# A minimum length and a list of common passwords, no composition rules
# (NIST SP 800-63B-4).
PASSWORD_MIN_LENGTH = 15
PASSWORD_MIN_LENGTH_WITH_FACTOR = 8
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "accounts.passwords.MinimumLengthValidator"},
    {"NAME": "accounts.passwords.MaximumLengthValidator"},
    {"NAME": "accounts.passwords.PrintableValidator"},
    {"NAME": "accounts.passwords.GuessablePasswordValidator"},
    {
        "NAME": (
            "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"
        ),
        "OPTIONS": {"user_attributes": ("email", "display_name")},
    },
]
PASSWORD_RESET_TIMEOUT = 60 * 60  # seconds
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "todos:task-today"

EMAIL_URL = env("EMAIL_URL", default="")
EMAIL_BACKEND = "config.mails.TerminalBackend"
if EMAIL_URL:
    vars().update(email_settings(EMAIL_URL))
    if EMAIL_BACKEND == "django.core.mail.backends.smtp.EmailBackend":
        EMAIL_BACKEND = "config.mails.SMTPBackend"
EMAIL_TIMEOUT = 5  # seconds
DEFAULT_FROM_EMAIL = env("DEFAULT_FROM_EMAIL", default="Ownlist <ownlist@localhost>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL

ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_FORMS = {
    "login": "accounts.pages.forms.SignInForm",
    "signup": "accounts.pages.forms.SignUpForm",
    "add_email": "accounts.pages.forms.EmailChangeForm",
    "change_password": "accounts.pages.forms.PasswordChangeForm",
    "set_password": "accounts.pages.forms.PasswordSetForm",
    "reset_password": "accounts.pages.forms.PasswordResetForm",
    "reset_password_from_key": "accounts.pages.forms.PasswordResetKeyForm",
    "reauthenticate": "accounts.pages.forms.PasswordConfirmForm",
}
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_UNIQUE_EMAIL = True
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_EMAIL_VERIFICATION = "mandatory" if EMAIL_URL else "optional"
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_DEFAULT_HTTP_PROTOCOL = _base.scheme
ACCOUNT_PREVENT_ENUMERATION = True
# Our pages require a recent sign-in themselves: accounts/pages/recent_sign_in.py.
ACCOUNT_REAUTHENTICATION_REQUIRED = False
ACCOUNT_PASSWORD_RESET_TOKEN_GENERATOR = "accounts.emails.ResetTokenGenerator"  # noqa: S105 - a class
ACCOUNT_RATE_LIMITS = False  # our own limits cover pages and API, see below
ACCOUNT_SESSION_REMEMBER = None
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"

# Second factors; see accounts/factors.py. Limits and mails are ours, so allauth's own
# are off. The second key and those after it decrypt only, during a rotation.
FACTOR_ENCRYPTION_KEY = env("FACTOR_ENCRYPTION_KEY")
FACTOR_ENCRYPTION_KEY_FALLBACKS = env.list(
    "FACTOR_ENCRYPTION_KEY_FALLBACKS", default=[]
)
MFA_ADAPTER = "accounts.factor_secrets.FactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_RECOVERY_CODE_COUNT = 10
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_ALLOW_UNVERIFIED_EMAIL = True  # a sign-in requires what is to be verified
MFA_RATE_LIMITS = False
TRUSTED_BROWSER_AGE = timedelta(days=14)

# Of a `__Host-` cookie, browsers believe that this host set it, over https.
COOKIES = "__Host-ownlist" if IS_HTTPS else "ownlist"
SESSION_ENGINE = "accounts.browser_sessions"
SESSION_COOKIE_AGE = 14 * 24 * 60 * 60  # seconds
SESSION_COOKIE_NAME = f"{COOKIES}_session"
SESSION_COOKIE_SECURE = IS_HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_NAME = f"{COOKIES}_csrf"
CSRF_COOKIE_SECURE = IS_HTTPS
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
PASSKEY_COOKIE_NAME = f"{COOKIES}_passkey"
TRUSTED_COOKIE_NAME = f"{COOKIES}_trusted"
DEVICE_COOKIE_NAME = f"{COOKIES}_browser"
THEME_COOKIE_NAME = f"{COOKIES}_theme"
CSRF_TRUSTED_ORIGINS = [BASE_URL] if IS_HTTPS else []
CSRF_FAILURE_VIEW = "config.errors.csrf_failure"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

# --- REST framework ---------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.authentication.PersonalTokenAuthentication",
        "accounts.authentication.BetterAuthAuthentication",
        "accounts.authentication.OwnTokenAuthentication",
        "accounts.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": [
        "config.api.renderers.JSONRenderer",
        "config.api.renderers.BrowsableAPIRenderer",
    ],
    "DEFAULT_PARSER_CLASSES": ["config.api.parsers.JSONParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "config.api.negotiation.Negotiation",
    "DEFAULT_PAGINATION_CLASS": None,
    "DEFAULT_THROTTLE_CLASSES": ["config.api.throttling.UserThrottle"],
    "DEFAULT_SCHEMA_CLASS": "config.api.schema.EndpointSchema",
    "EXCEPTION_HANDLER": "config.api.problems.handle_exception",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "URL_FORMAT_OVERRIDE": None,
}

SPECTACULAR_SETTINGS = {
    "TITLE": "Ownlist API",
    "DESCRIPTION": (
        "A private todo service. Every caller sees and changes only their own tasks."
        " Objects of other users are not found (404).\n\n"
        "## Authentication\n\n"
        "Send one credential as `Authorization: Bearer …`. Every endpoint accepts"
        " the first two of these:\n\n"
        "- `token`: an access token of this service. `POST /api/v1/auth/token` returns"
        " it for an e-mail address and a password, with a refresh token. Exchange that"
        " at `POST /api/v1/auth/token/refresh` for the next pair.\n"
        "- `betterAuth`: a JWT of a Better Auth server that this service trusts, sent"
        " unchanged. `POST /api/v1/auth/token/exchange` exchanges it for a pair of"
        " tokens, for clients that are offline for longer than its lifetime.\n"
        "- `personalToken`: a personal access token, which its user creates at"
        " `/accounts/tokens/`. Each operation names the scope that it needs, or accepts"
        " no such token.\n\n"
        "Every rejected credential gets the same 401 response with the code"
        " `token_not_valid`.\n\n"
        "## Responses\n\n"
        "Responses are JSON in UTF-8. Errors are problem documents (RFC 9457);"
        " clients should rely on their `code`. Every path works with and without a"
        " trailing slash."
    ),
    "VERSION": "1",
    "LICENSE": {"name": "MIT", "identifier": "MIT"},
    "SERVERS": [{"url": "/", "description": "The service that serves this document."}],
    "TAGS": [
        {"name": "tasks", "description": "Create, list, change and complete tasks."},
        {"name": "lists", "description": "The lists that tasks are in."},
        {"name": "labels", "description": "Labels on tasks."},
        {"name": "changes", "description": "The history of changes, and undo."},
        {"name": "exchange", "description": "Export and import."},
        {"name": "auth", "description": "Registration and tokens."},
        {"name": "users", "description": "The signed-in user."},
        {
            "name": "plan",
            "description": "Tasks in the API that preceded version 1, for clients"
            " that were written for it. Three forms of each route have the same"
            " answers.",
        },
    ],
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "COMPONENT_SPLIT_REQUEST": True,
    "SCHEMA_PATH_PREFIX": r"/api(/v1)?",
    "PREPROCESSING_HOOKS": ["config.api.schema_hooks.keep_one_slash_form"],
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,  # it would repeat the values
    "ENUM_NAME_OVERRIDES": {
        "BulkActionEnum": "todos.api.bulk.ACTIONS",
        "ImportFormatEnum": "todos.api.files.IMPORT_FORMATS",
        "PlanPriorityEnum": ["urgent", "high", "medium", "low"],
        "PlanStatusEnum": ["pending", "completed"],
    },
    "POSTPROCESSING_HOOKS": [
        "config.api.schema_hooks.name_choices",
        "config.api.schema_hooks.describe_headers",
        "todos.api.export_schema.describe_export",
        "config.api.schema_hooks.describe_field_selection",
        "config.api.schema_hooks.share_problems",
        "config.api.schema_hooks.add_examples",
    ],
}

# Modules with the examples of the OpenAPI document.
API_EXAMPLES = ["accounts.api.examples", "todos.api.examples"]

# Other origins whose pages may call the API. They may let the browser send cookies, as
# many clients do, but those count for nothing: see OtherOriginMiddleware.
CORS_ALLOWED_ORIGINS = env.list("CORS_ALLOWED_ORIGINS", default=[])
CORS_URLS_REGEX = r"^/api/"
CORS_ALLOW_CREDENTIALS = True
CORS_ALLOW_HEADERS = [
    "accept",
    "authorization",
    "content-type",
    "idempotency-key",
    "if-match",
    "if-none-match",
    "x-request-id",
    "x-requested-with",
]
CORS_EXPOSE_HEADERS = [
    "ETag",
    "Idempotency-Replayed",
    "Link",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "X-Request-ID",
    "X-Total-Count",
]

# --- Tokens -----------------------------------------------------------------

# HS256 with this secret, or EdDSA if a private key is set. Its public key is published
# at /.well-known/jwks.json.
JWT_SIGNING_KEY = env("JWT_SIGNING_KEY")
JWT_PRIVATE_KEY = env.str("JWT_PRIVATE_KEY", default="", multiline=True)
SIMPLE_JWT = {
    "ISSUER": BASE_URL,
    "AUDIENCE": f"{BASE_URL}/api",
    "ALGORITHM": "EdDSA" if JWT_PRIVATE_KEY else "HS256",
    "SIGNING_KEY": JWT_PRIVATE_KEY or JWT_SIGNING_KEY,
    "TOKEN_TYPE_CLAIM": "typ",
    "JTI_CLAIM": "jti",
    "USER_ID_FIELD": "id",
    "USER_ID_CLAIM": "sub",
    "ACCESS_TOKEN_LIFETIME": timedelta(minutes=5),
    "REFRESH_TOKEN_LIFETIME": timedelta(days=14),
    "LEEWAY": timedelta(0),
    "UPDATE_LAST_LOGIN": False,
}
# A sign-in by token ends after this, however often the token is rotated.
REFRESH_FAMILY_LIFETIME = timedelta(days=90)
# A used refresh token is accepted again for this long, for clients that lost the
# response or sent two requests at once.
REFRESH_REUSE_GRACE = timedelta(seconds=10)

# --- Better Auth ------------------------------------------------------------

# One external issuer, in most cases configured by its URL alone, or several as a JSON
# list of objects with the same keys. See docs/better-auth.md.
BETTER_AUTH = {
    "url": env("BETTER_AUTH_URL", default=""),
    "issuer": env("BETTER_AUTH_ISSUER", default=""),
    "audience": env("BETTER_AUTH_AUDIENCE", default=""),
    "jwks_url": env("BETTER_AUTH_JWKS_URL", default=""),
    "algorithms": env("BETTER_AUTH_ALGORITHMS", default=""),
    "shared_secret": env("BETTER_AUTH_SHARED_SECRET", default=""),
    "max_lifetime": env.int("BETTER_AUTH_MAX_LIFETIME", default=0),
    "sessions": env.bool("BETTER_AUTH_SESSIONS", default=False),
}
BETTER_AUTH_ISSUERS = env("BETTER_AUTH_ISSUERS", default="")

# Sign-in on our pages through the server of BETTER_AUTH_URL, by OpenID Connect. The
# user is found by the linked identity alone; allauth stores nothing of its own.
BETTER_AUTH_OIDC_CLIENT_ID = env("BETTER_AUTH_OIDC_CLIENT_ID", default="")
BETTER_AUTH_OIDC_CLIENT_SECRET = env("BETTER_AUTH_OIDC_CLIENT_SECRET", default="")
SOCIALACCOUNT_ADAPTER = "accounts.social_adapter.SocialAdapter"
SOCIALACCOUNT_EMAIL_AUTHENTICATION = False
SOCIALACCOUNT_EMAIL_VERIFICATION = "none"
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_PROVIDERS = provider_settings(
    BETTER_AUTH["url"],
    client_id=BETTER_AUTH_OIDC_CLIENT_ID,
    secret=BETTER_AUTH_OIDC_CLIENT_SECRET,
)

# --- Rate limits ------------------------------------------------------------

# (requests, seconds) for each scope; see docs/limits.md and config/api/throttling.py.
RATE_LIMITS = {
    "user": (env.int("USER_RATE_LIMIT", default=1200), 60),
    "visitor": (600, 60),
    "register": (20, 3600),
    "reset": (20, 3600),
    "new-address": (10, 3600),
    "exchange": (60, 60),
    "refresh": (60, 60),
    "draft": (30, 3600),
    # Views of their tasks that one user allows to support staff.
    "support": (10, 3600),
    # Expensive operations, by user.
    "undo": (60, 60),
    "export": (60, 3600),
    "import": (60, 3600),
    # Password attempts; see accounts/password_attempts.py.
    "sign-in-address": (60, 300),
    "sign-in": (10, 3600),
    "sign-in-account": (100, 3600),
    "second-step": (10, 3600),
    "second-step-account": (30, 3600),
    "password": (10, 3600),
    "password-account": (100, 3600),
    "password-checks": (30, 300),
    # Mails that strangers can trigger, per kind and mailbox.
    "mail": (5, 3600),
    # Codes by mail that one user requests.
    "code": (5, 3600),
    # Sign-ins at another server that are started from one address.
    "outside-start": (60, 300),
    # Invalid Better Auth session tokens from one address.
    "session-failed": (20, 60),
    # Better Auth sessions that could not be ended there, from one address.
    "session-ended-here": (20, 300),
    # New accounts by first sign-ins through one issuer.
    "first-sight": (600, 60),
}
# The maximum number of tasks and lists of one account, including the trash.
ACCOUNT_ROWS_MAX = env.int("ACCOUNT_ROWS_MAX", default=200_000)
# The limits by address for POSTs to pages, each shared with the endpoint of the API.
PAGE_LIMITS = {
    "account_login": "sign-in-address",
    "account_signup": "register",
    "mfa_authenticate": "sign-in-address",
    "mfa_login_webauthn": "sign-in-address",
    "openid_connect_login": "outside-start",
    "account_reset_password": "reset",
    "account_reset_password_from_key": "reset",
}
# The limits by user.
USER_PAGE_LIMITS = {
    "todos:quick-again": "undo",
    "todos:undo": "undo",
    "todos:undo-last": "undo",
    "todos:token-undo": "undo",
    "todos:export": "export",
    "todos:import": "import",
    "todos:import-text": "import",
    "todos:import-check": "import",
}

# --- Security headers -------------------------------------------------------

# Only our own proxy that terminates TLS is trusted to report https.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if PROXY_COUNT else None
USE_X_FORWARDED_HOST = False
SECURE_SSL_REDIRECT = IS_HTTPS
# Health checks come over plain http from inside. API clients that use http are refused
# by HttpsApiMiddleware, so that the mistake is noticed before more tokens leak. To the
# doctor, the service reports the scheme.
SECURE_REDIRECT_EXEMPT = [r"^api/", r"^healthz$", r"^readyz$", r"^doctor$"]
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60 if IS_HTTPS else 0
# These affect other hosts, and browsers remember them for years, so they are opt-in.
HSTS_INCLUDE_SUBDOMAINS = env.bool("HSTS_INCLUDE_SUBDOMAINS", default=False)
HSTS_PRELOAD = env.bool("HSTS_PRELOAD", default=False)
SECURE_HSTS_INCLUDE_SUBDOMAINS = IS_HTTPS and HSTS_INCLUDE_SUBDOMAINS
SECURE_HSTS_PRELOAD = IS_HTTPS and HSTS_PRELOAD
# Django recommends to turn both on.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# The contact for reports of vulnerabilities in /.well-known/security.txt.
SECURITY_CONTACT = env("SECURITY_CONTACT", default="")
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        # Browsers also apply this to the redirect to an external sign-in.
        "form-action": [
            SELF,
            *([BETTER_AUTH["url"]] if SOCIALACCOUNT_PROVIDERS else []),
        ],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "manifest-src": [SELF],
        "worker-src": [SELF],
        # The policies of static/js/page.js and, in the admin, static/js/admin.js.
        "require-trusted-types-for": ["'script'"],
        "trusted-types": ["ownlist", "default"],
    },
}

# --- Backups ----------------------------------------------------------------

# Another program makes them, so the doctor does not look for those of `backup`.
BACKUPS_ELSEWHERE = env.bool("BACKUPS_ELSEWHERE", default=False)

# --- Metrics ----------------------------------------------------------------

# Where the main process serves metrics for Prometheus: host and port, or a Unix socket.
# They are not secret, but nobody else's business either.
METRICS_ADDRESS = env("METRICS_ADDRESS", default="")

# --- Telemetry --------------------------------------------------------------

# Where errors are reported: the DSN of a project in Sentry, or a similar service.
SENTRY_DSN = env("SENTRY_DSN", default="")
# Where traces are sent by OTLP over HTTP: a collector of OpenTelemetry. These are the
# standard names of the variables.
OTEL_EXPORTER_OTLP_ENDPOINT = env("OTEL_EXPORTER_OTLP_ENDPOINT", default="")
# What the receiver asks for, as `name=value`, separated by commas.
OTEL_EXPORTER_OTLP_HEADERS = env("OTEL_EXPORTER_OTLP_HEADERS", default="")
# The share of the requests that are traced, from 0 to 1.
OTEL_TRACES_SAMPLER_ARG = env.float("OTEL_TRACES_SAMPLER_ARG", default=1.0)
if OTEL_EXPORTER_OTLP_ENDPOINT:
    after = MIDDLEWARE.index("config.middleware.RequestLogMiddleware") + 1
    MIDDLEWARE.insert(after, "config.telemetry.middleware.TraceMiddleware")

# --- Static files -----------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "staticfiles": {
        "BACKEND": (
            "django.contrib.staticfiles.storage.StaticFilesStorage"
            if DEBUG
            else "config.static_files.StaticFilesStorage"
        ),
    },
}
WHITENOISE_USE_FINDERS = DEBUG
WHITENOISE_KEEP_ONLY_HASHED_FILES = False
WHITENOISE_ADD_HEADERS_FUNCTION = add_policy

# --- Logging ----------------------------------------------------------------

LOG_LEVEL = env("LOG_LEVEL", default="INFO")
# Slower requests and statements are logged, in milliseconds; 0 logs none.
SLOW_REQUEST_MS = env.int("SLOW_REQUEST_MS", default=1000)
SLOW_QUERY_MS = env.int("SLOW_QUERY_MS", default=500)
LOG_FORMAT = "terminal" if sys.stderr.isatty() else "json"
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {"()": "config.logs.JSONFormatter"},
        "terminal": {"()": "config.logs.TerminalFormatter"},
    },
    "filters": {"terminal": {"()": "config.logs.TerminalFilter"}},
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": LOG_FORMAT,
            "filters": ["terminal"] if LOG_FORMAT == "terminal" else [],
        },
        "null": {"class": "logging.NullHandler"},
    },
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        # It writes the ids of passkeys.
        "fido2": {"level": "WARNING"},
        # RequestLogMiddleware writes one line for each request instead.
        "django.request": {"handlers": ["null"], "propagate": False},
        "django.server": {
            "handlers": ["console"] if DEBUG else ["null"],
            "propagate": False,
        },
    },
}
