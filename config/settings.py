"""Every setting of Ownlist, in one module, with production defaults.

Values that differ by deployment are read from the environment (and from `.env`,
which the environment overrules). `docs/configuration.md` lists them; `config/checks.py`
refuses the dangerous ones before the first request.
"""

import os
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import environ
from csp.constants import NONE, SELF

from config.databases import database_settings
from config.openid_connect import provider_settings

# --- Core -------------------------------------------------------------------

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env()
ENV_FILE = os.environ.get("OWNLIST_ENV_FILE", str(BASE_DIR / ".env"))
if ENV_FILE and Path(ENV_FILE).is_file():
    env.read_env(ENV_FILE)

SECRET_KEY = env("SECRET_KEY")  # no default: a missing key stops the start
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
DEBUG = env.bool("DEBUG", default=False)

# The public address decides links in mails, our `iss`, cookie names and flags,
# HSTS and CSRF origins. Everything works over plain http on loopback.
BASE_URL = env("BASE_URL", default="http://127.0.0.1:8000").rstrip("/")
_base = urlsplit(BASE_URL)
IS_HTTPS = _base.scheme == "https"
IS_LOOPBACK = _base.hostname in {"127.0.0.1", "localhost", "::1"}
LOOPBACK_HOSTS = ["127.0.0.1", "localhost", "[::1]"]

ALLOWED_HOSTS = env.list(
    "ALLOWED_HOSTS",
    default=LOOPBACK_HOSTS if IS_LOOPBACK else [_base.hostname or ""],
)
# How many proxies of ours stand in front and rewrite the X-Forwarded-* headers.
# With 0 those headers are ignored.
PROXY_COUNT = env.int("PROXY_COUNT", default=0)

VAR_DIR = Path(env("VAR_DIR", default=str(BASE_DIR / "var")))
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
APPEND_SLASH = True  # for pages; every API route is served in both forms
LANGUAGE_CODE = "en-gb"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"  # of the server; every person has a zone of their own
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024  # bytes
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000
IMPORT_MAX_BYTES = 20 * 1024 * 1024  # of a file with tasks, the only upload there is
# Where a body may be larger, to how many bytes: the file and the form around it.
UPLOADS = {"/api/v1/import": IMPORT_MAX_BYTES + 64 * 1024}
FILE_UPLOAD_HANDLERS = ["config.uploads.RefusingUploadHandler"]
# How long a body may take to arrive, and one second more for each so many bytes of it.
BODY_SECONDS = 20
BODY_BYTES_PER_SECOND = 256 * 1024

# --- Apps -------------------------------------------------------------------

INSTALLED_APPS = [
    "config.apps.ConfigConfig",
    "accounts.apps.AccountsConfig",
    "todos.apps.TodosConfig",
    "accounts.apps.SupportConfig",  # django.contrib.admin
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "corsheaders",
    "csp",
    "rest_framework",
    "drf_spectacular",
]

# --- Middleware -------------------------------------------------------------

# The ones from `config.middleware` named like Django's do nothing for an API call
# that carries its own credential: it has no session to load. What sets headers comes
# first, so that the answers of everything after it have them.
MIDDLEWARE = [
    "config.middleware.RequestLogMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "config.middleware.PageHeadersMiddleware",
    "config.middleware.SeeOtherMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "config.middleware.HttpsApiMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "config.middleware.RefusalMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "config.middleware.AuthenticationMiddleware",
    "accounts.middleware.LinkedSessionMiddleware",
    "accounts.middleware.EndedCredentialMiddleware",
    "accounts.middleware.BetterAuthSessionMiddleware",
    "config.middleware.PageLimitMiddleware",
    "config.middleware.LoginRequiredMiddleware",
    "config.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]

# --- Templates --------------------------------------------------------------

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "todos.pages.navigation.navigation",
                "config.mails.mails",
            ],
        },
    },
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

# --- Database ---------------------------------------------------------------

DATABASE_URL = env("DATABASE_URL", default=f"sqlite:///{VAR_DIR / 'ownlist.sqlite3'}")
# Set this for a pooler in transaction mode that lacks prepared statements.
DATABASE_POOLED = env.bool("DATABASE_POOLED", default=False)
DATABASES = {"default": database_settings(DATABASE_URL, pooled=DATABASE_POOLED)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Shared by all workers, for what can be had again: the keys of issuers, and which of
# their sessions were good just now. The table is made by a migration;
# `CACHE_URL=rediscache://…` replaces it.
CACHES = {"default": env.cache("CACHE_URL", default="dbcache://ownlist_cache")}
IS_CACHE_A_TABLE = CACHES["default"]["BACKEND"].endswith(".DatabaseCache")
if IS_CACHE_A_TABLE:
    CACHES["default"]["OPTIONS"] = {"MAX_ENTRIES": 20_000}
# Where rate limits are counted. In a database they have a table of their own: a cache
# drops live entries when it is full.
RATE_LIMIT_CACHE = None if IS_CACHE_A_TABLE else "default"

# --- Authentication ---------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "accounts.backends.PasswordBackend",
    # For the sessions that name it. It is never asked for a password.
    "allauth.account.auth_backends.AuthenticationBackend",
]
PASSWORD_HASHERS = [
    "accounts.hashing.Argon2PasswordHasher",
    "accounts.hashing.PBKDF2PasswordHasher",
    # Imported from Better Auth; replaced at the next sign-in.
    "accounts.hashing.BetterAuthPasswordHasher",
]
# Length and a list of known passwords, no composition rules (NIST SP 800-63B-4).
PASSWORD_MIN_LENGTH = 12
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": PASSWORD_MIN_LENGTH},
    },
    {"NAME": "accounts.passwords.MaximumLengthValidator"},
    {"NAME": "accounts.passwords.PrintableValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
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
if EMAIL_URL:
    vars().update(env.email_url("EMAIL_URL"))
else:
    EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
EMAIL_TIMEOUT = 10  # seconds
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
# Our pages ask for a recent sign-in themselves: accounts/pages/recent.py.
ACCOUNT_REAUTHENTICATION_REQUIRED = False
ACCOUNT_PASSWORD_RESET_TOKEN_GENERATOR = "accounts.emails.ResetTokenGenerator"  # noqa: S105 - a class
ACCOUNT_RATE_LIMITS = False  # ours hold for pages and API together, see below
ACCOUNT_SESSION_REMEMBER = None
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"

SESSION_COOKIE_AGE = 14 * 24 * 60 * 60  # seconds
SESSION_COOKIE_NAME = "__Host-ownlist_session" if IS_HTTPS else "ownlist_session"
SESSION_COOKIE_SECURE = IS_HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_NAME = "__Host-ownlist_csrf" if IS_HTTPS else "ownlist_csrf"
CSRF_COOKIE_SECURE = IS_HTTPS
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
KNOWN_BROWSER_COOKIE_NAME = "__Host-ownlist_browser" if IS_HTTPS else "ownlist_browser"
CSRF_TRUSTED_ORIGINS = [BASE_URL] if IS_HTTPS else []
CSRF_FAILURE_VIEW = "config.errors.csrf_failure"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

# --- REST framework ---------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
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
        "A private todo service: your list is yours. Whoever calls sees and changes"
        " their own tasks alone; what is another person's does not exist for them.\n\n"
        "## Authentication\n\n"
        "Send one credential as `Authorization: Bearer …`. Either is good for every"
        " endpoint:\n\n"
        "- `token`: an access token of this service. `POST /api/v1/auth/token` gives it"
        " for an e-mail address and a password, with a refresh token that"
        " `POST /api/v1/auth/token/refresh` takes for the next pair.\n"
        "- `betterAuth`: a JWT of a Better Auth server that this service trusts, sent"
        " as it is. `POST /api/v1/auth/token/exchange` takes it for a pair of tokens,"
        " for callers that are offline for longer than it lasts.\n\n"
        "Every refusal of a credential is the same 401, with the code"
        " `token_not_valid`.\n\n"
        "## Answers\n\n"
        "JSON in UTF-8. A refusal is a problem document (RFC 9457): decide by its"
        " `code`. Every path is served with and without a slash at its end."
    ),
    "VERSION": "1",
    "LICENSE": {"name": "MIT", "identifier": "MIT"},
    "SERVERS": [
        {"url": "/", "description": "The service that this document comes from."}
    ],
    "TAGS": [
        {"name": "tasks", "description": "What there is to do, and doing it."},
        {"name": "lists", "description": "What tasks are kept in."},
        {"name": "labels", "description": "What tasks are found by."},
        {"name": "changes", "description": "What was done, and taking it back."},
        {"name": "exchange", "description": "Everything out, and tasks in."},
        {"name": "auth", "description": "Signing up, in and out."},
        {"name": "users", "description": "The signed-in person."},
        {
            "name": "plan",
            "description": "Tasks in the contract that came before version 1, for"
            " clients that were written for it.",
        },
    ],
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "COMPONENT_SPLIT_REQUEST": True,
    "SCHEMA_PATH_PREFIX": r"/api(/v1)?",
    "PREPROCESSING_HOOKS": ["config.api.schema.keep_one_slash_form"],
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,  # they would repeat the values
    "ENUM_NAME_OVERRIDES": {
        "BulkActionEnum": "todos.api.bulk.ACTIONS",
        "ImportFormatEnum": "todos.api.files.IMPORT_FORMATS",
        "PlanPriorityEnum": ["urgent", "high", "medium", "low"],
        "PlanStatusEnum": ["pending", "completed"],
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "config.api.schema.describe_headers",
        "config.api.schema.describe_field_selection",
        "config.api.schema.share_refusals",
        "config.api.schema.add_examples",
    ],
}

# Where the examples of the OpenAPI document are.
API_EXAMPLES = ["accounts.api.examples", "todos.api.examples"]

# Which other origins' pages may call the API, with a token and never with cookies.
CORS_ALLOWED_ORIGINS = env.list("CORS_ALLOWED_ORIGINS", default=[])
CORS_URLS_REGEX = r"^/api/"
CORS_ALLOW_CREDENTIALS = False
CORS_ALLOW_HEADERS = [
    "accept",
    "authorization",
    "content-type",
    "idempotency-key",
    "if-match",
    "if-none-match",
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

# HS256 with this secret, unless a private key is set: then EdDSA, and the public
# half is published at /.well-known/jwks.json.
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
# However often it is rotated, a sign-in by token ends after this.
REFRESH_FAMILY_LIFETIME = timedelta(days=90)
# A client that lost the answer, or raced itself, may use a spent token this long.
REFRESH_REUSE_GRACE = timedelta(seconds=10)

# --- Better Auth ------------------------------------------------------------

# One outside issuer, in most cases by its address alone; or several, as a JSON list
# of objects with the same words. See docs/better-auth.md.
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

# Signing in on our pages at the server of BETTER_AUTH_URL, by OpenID Connect. Who comes
# back is found by the linked identity alone: allauth stores nothing of its own.
BETTER_AUTH_OIDC_CLIENT_ID = env("BETTER_AUTH_OIDC_CLIENT_ID", default="")
BETTER_AUTH_OIDC_CLIENT_SECRET = env("BETTER_AUTH_OIDC_CLIENT_SECRET", default="")
SOCIALACCOUNT_ADAPTER = "accounts.social_adapter.OutsideAdapter"
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
    # What costs much, by user.
    "undo": (60, 60),
    "export": (60, 3600),
    "import": (60, 3600),
    # Guesses at a password; see accounts/guesses.py.
    "sign-in-address": (60, 300),
    "sign-in": (10, 3600),
    "sign-in-account": (100, 3600),
    "password": (10, 3600),
    "password-account": (100, 3600),
    "password-checks": (30, 300),
    # Mails that strangers can cause, of one kind to one mailbox.
    "mail": (5, 3600),
    # Codes by mail that one user asks for.
    "code": (5, 3600),
    # Sign-ins at another server that are begun, from one address.
    "outside-start": (60, 300),
    # Session tokens of Better Auth that are none, from one address.
    "session-failed": (20, 60),
    # Sessions of Better Auth that could not be ended there, from one address.
    "session-ended-here": (20, 300),
    # New accounts that one issuer makes by first sign-ins.
    "first-sight": (600, 60),
}
# How many tasks and lists one account may have, those in the trash among them.
ACCOUNT_ROWS_MAX = env.int("ACCOUNT_ROWS_MAX", default=200_000)
# What POSTs to a page count by address, each together with its twin of the API.
PAGE_LIMITS = {
    "account_login": "sign-in-address",
    "account_signup": "register",
    "openid_connect_login": "outside-start",
    "account_reset_password": "reset",
    "account_reset_password_from_key": "reset",
}
# And by user.
USER_PAGE_LIMITS = {"todos:undo": "undo"}

# --- Security headers -------------------------------------------------------

# A proxy of ours that ends TLS says so; nobody else is believed.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if PROXY_COUNT else None
USE_X_FORWARDED_HOST = False
SECURE_SSL_REDIRECT = IS_HTTPS
# Probes come over plain http from inside; an API client that speaks http is refused
# by HttpsApiMiddleware, so that the mistake shows before more tokens leak.
SECURE_REDIRECT_EXEMPT = [r"^api/", r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60 if IS_HTTPS else 0
# These bind other hosts than ours, and browsers for years: the owner decides.
HSTS_INCLUDE_SUBDOMAINS = env.bool("HSTS_INCLUDE_SUBDOMAINS", default=False)
HSTS_PRELOAD = env.bool("HSTS_PRELOAD", default=False)
SECURE_HSTS_INCLUDE_SUBDOMAINS = IS_HTTPS and HSTS_INCLUDE_SUBDOMAINS
SECURE_HSTS_PRELOAD = IS_HTTPS and HSTS_PRELOAD
# Django would have everybody turn them on.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# Where /.well-known/security.txt sends reports of vulnerabilities.
SECURITY_CONTACT = env("SECURITY_CONTACT", default="")
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        # Browsers hold the redirect to an outside sign-in to this too.
        "form-action": [
            SELF,
            *([BETTER_AUTH["url"]] if SOCIALACCOUNT_PROVIDERS else []),
        ],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "manifest-src": [SELF],
    },
}

# --- Static files -----------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "staticfiles": {
        "BACKEND": (
            "django.contrib.staticfiles.storage.StaticFilesStorage"
            if DEBUG
            else "whitenoise.storage.CompressedManifestStaticFilesStorage"
        ),
    },
}
WHITENOISE_USE_FINDERS = DEBUG
WHITENOISE_KEEP_ONLY_HASHED_FILES = False

# --- Logging ----------------------------------------------------------------

LOG_LEVEL = env("LOG_LEVEL", default="INFO")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "config.logs.JSONFormatter"}},
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": "json"},
        "null": {"class": "logging.NullHandler"},
    },
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        # RequestLogMiddleware writes one line for each request instead.
        "django.request": {"handlers": ["null"], "propagate": False},
        "django.server": {
            "handlers": ["console"] if DEBUG else ["null"],
            "propagate": False,
        },
    },
}
