"""System checks of the deployment: a wrong setting stops the start and is named."""

from collections.abc import Collection, Iterator
from itertools import combinations
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import connection

from config.metrics.address import parse
from config.postgresql.policies import are_enforced
from config.postgresql.roles import Role
from config.private_files import database_files, is_open_to_others
from config.setting_urls import (
    UNUSABLE_CACHE,
    UNUSABLE_MAIL,
    cache_settings,
    email_settings,
    parts_of,
)

MIN_SECRET_BYTES = 32
SECRETS = ("SECRET_KEY", "JWT_SIGNING_KEY", "FACTOR_ENCRYPTION_KEY")
LOOPBACK = {"127.0.0.1", "localhost", "::1", "[::1]", "testserver"}


@register
def check_addresses(**kwargs: object) -> Iterator[CheckMessage]:
    """Check the public address, the allowed hosts, and settings that depend on them."""
    base = parts_of(settings.BASE_URL)
    if base.scheme not in {"http", "https"} or not base.hostname or base.path:
        yield Error(
            "BASE_URL is not a URL of the form https://lists.example.com.",
            hint="Set it to scheme and host (and port), without a path.",
            id="config.E001",
        )
    elif base.scheme == "http" and base.hostname not in LOOPBACK:
        yield Error(
            "BASE_URL uses plain http on a public host.",
            hint="Use https: cookies and tokens must not be sent unencrypted.",
            id="config.E002",
        )
    if "*" in settings.ALLOWED_HOSTS:
        yield Error(
            "ALLOWED_HOSTS accepts every host name.",
            hint="List the host names that users open, separated by commas.",
            id="config.E003",
        )
    public = [host for host in settings.ALLOWED_HOSTS if host not in LOOPBACK]
    if settings.DEBUG and (public or base.hostname not in LOOPBACK):
        yield Error(
            "DEBUG is on for a public host.",
            hint="Remove DEBUG: its error pages show settings and user data.",
            id="config.E004",
        )
    for origin in settings.CORS_ALLOWED_ORIGINS:
        parts = parts_of(origin)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path:
            yield Error(
                f"CORS_ALLOWED_ORIGINS contains {origin!r}, which is not an origin.",
                hint="Use scheme and host (and port), like https://app.example.com.",
                id="config.E005",
            )


@register
def check_mail_server(**kwargs: object) -> Iterator[CheckMessage]:
    """Check that EMAIL_URL could be parsed."""
    if settings.EMAIL_URL and email_settings(settings.EMAIL_URL) == UNUSABLE_MAIL:
        yield Error(
            "EMAIL_URL is not a valid URL of a mail server.",
            hint=(
                "Use smtp+tls://user:password@mail.example.com:587; percent-encode"
                " special characters in user and password."
            ),
            id="config.E034",
        )


@register
def check_cache(**kwargs: object) -> Iterator[CheckMessage]:
    """Check that CACHE_URL could be parsed."""
    if cache_settings(settings.CACHE_URL) == UNUSABLE_CACHE:
        yield Error(
            "CACHE_URL is not a valid URL of a cache server.",
            hint=(
                "Use rediscache://:password@127.0.0.1:6379/0, or remove it;"
                " percent-encode special characters in the password."
            ),
            id="config.E035",
        )


@register
def check_rate_limits(**kwargs: object) -> Iterator[CheckMessage]:
    """Check that no limit refuses every request."""
    limit, _ = settings.RATE_LIMITS["user"]
    if limit < 1:
        yield Error(
            "USER_RATE_LIMIT is less than 1, which refuses every request.",
            hint="Set it to the number of requests per user and minute.",
            id="config.E006",
        )


@register
def check_metrics(**kwargs: object) -> Iterator[CheckMessage]:
    """Check that METRICS_ADDRESS can be parsed."""
    try:
        if settings.METRICS_ADDRESS:
            parse(settings.METRICS_ADDRESS)
    except ValueError:
        yield Error(
            "METRICS_ADDRESS is neither a host and a port nor a Unix socket.",
            hint="Write 127.0.0.1:9464 or unix:/run/ownlist/metrics.sock.",
            id="config.E008",
        )


@register
def check_telemetry(**kwargs: object) -> Iterator[CheckMessage]:
    """Check that the receivers of errors and traces can be used."""
    if settings.SENTRY_DSN:
        from config.telemetry.errors import Receiver

        try:
            Receiver.of(settings.SENTRY_DSN)
        except ValueError:
            yield Error(
                "SENTRY_DSN is not the DSN of a project.",
                hint="Copy it from there: https://key@sentry.example.com/1.",
                id="config.E030",
            )
    if settings.OTEL_EXPORTER_OTLP_ENDPOINT:
        yield from _check_traces()


def _check_traces() -> Iterator[CheckMessage]:
    from config.telemetry.traces import headers_of, url_of

    try:
        url_of(settings.OTEL_EXPORTER_OTLP_ENDPOINT)
    except ValueError:
        yield Error(
            "OTEL_EXPORTER_OTLP_ENDPOINT is not the address of a collector.",
            hint="Write http://127.0.0.1:4318, without /v1/traces.",
            id="config.E031",
        )
    try:
        headers_of(settings.OTEL_EXPORTER_OTLP_HEADERS)
    except ValueError:
        yield Error(
            "OTEL_EXPORTER_OTLP_HEADERS is not a list of headers.",
            hint="Write name=value, separated by commas.",
            id="config.E032",
        )
    if not 0 <= settings.OTEL_TRACES_SAMPLER_ARG <= 1:
        yield Error(
            "OTEL_TRACES_SAMPLER_ARG is not a share from 0 to 1.",
            hint="Write 0.1 to trace one request of ten.",
            id="config.E033",
        )


@register
def check_secrets(**kwargs: object) -> Iterator[CheckMessage]:
    """Check that every key is long enough and that none is used twice."""
    for name in SECRETS:
        if len(getattr(settings, name).encode()) < MIN_SECRET_BYTES:
            yield Error(
                f"{name} is shorter than {MIN_SECRET_BYTES} bytes.",
                hint="Use 50 random characters; `make run` generates them.",
                id="config.E010",
            )
    for earlier, name in combinations(SECRETS, 2):
        if getattr(settings, earlier) == getattr(settings, name):
            yield Error(
                f"{name} is the same as {earlier}.",
                hint="Use a different value, so that one leaked key is not both.",
                id="config.E011",
            )
    if settings.JWT_PRIVATE_KEY and not _is_ed25519(settings.JWT_PRIVATE_KEY):
        yield Error(
            "JWT_PRIVATE_KEY is not an Ed25519 private key in PEM form.",
            hint="Create one with: openssl genpkey -algorithm ed25519",
            id="config.E012",
        )


def _is_ed25519(pem: str) -> bool:
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return False
    return isinstance(key, Ed25519PrivateKey)


@register
def check_database(**kwargs: object) -> Iterator[CheckMessage]:
    """Check that DATABASE_URL could be parsed."""
    if settings.DATABASES["default"]["ENGINE"] == "django.db.backends.dummy":
        yield Error(
            "DATABASE_URL is not a valid URL of an SQLite or PostgreSQL database.",
            hint=(
                "Use sqlite:///path/to/file or "
                "postgres://user:password@host:5432/name; percent-encode "
                "special characters in the password."
            ),
            id="config.E020",
        )


@register
def check_kind_of_database(**kwargs: object) -> Iterator[CheckMessage]:
    """Check that it is PostgreSQL where that is required."""
    is_sqlite = settings.DATABASES["default"]["ENGINE"] == "config.sqlite"
    if settings.POSTGRESQL_REQUIRED and is_sqlite:
        yield Error(
            "DATABASE_URL names no PostgreSQL database, and POSTGRESQL_REQUIRED is on.",
            hint=(
                "Set DATABASE_URL. In containers, `docker compose up secrets` writes it"
                " into the volume of the settings."
            ),
            id="config.E038",
        )


@register
def check_replica(**kwargs: object) -> Iterator[CheckMessage]:
    """Check that DATABASE_REPLICA_URL is a database of the same kind."""
    replica = settings.DATABASES.get("replica")
    used = settings.DATABASES["default"]
    if replica is not None and not (
        used["ENGINE"] == replica["ENGINE"] == "config.postgresql"
    ):
        yield Error(
            "DATABASE_REPLICA_URL needs PostgreSQL, and DATABASE_URL as well.",
            hint=(
                "Name a streaming standby of DATABASE_URL, or remove it;"
                " percent-encode special characters in the password."
            ),
            id="config.E027",
        )


@register
def check_migration_database(**kwargs: object) -> Iterator[CheckMessage]:
    """Check that MIGRATION_DATABASE_URL is a database of the same kind."""
    used, owner = settings.DATABASES["default"], settings.MIGRATION_DATABASE
    if owner is not None and not (
        used["ENGINE"] == owner["ENGINE"] == "config.postgresql"
    ):
        yield Error(
            "MIGRATION_DATABASE_URL needs PostgreSQL, and DATABASE_URL as well.",
            hint=(
                "Remove it for SQLite, which has no roles. Percent-encode special"
                " characters in the password."
            ),
            id="config.E023",
        )


@register(Tags.database)
def check_encoding(
    databases: Collection[str] | None = None, **kwargs: object
) -> Iterator[CheckMessage]:
    """Check that PostgreSQL stores every character.

    It needs the database. `migrate` runs it, and does not fill a new database that
    could not store "ü". One that is in use is only reported.
    """
    if "default" not in (databases or ()) or connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('server_encoding'),"
            " to_regclass('django_migrations') IS NULL"
        )
        ((encoding, is_new),) = cursor.fetchall()
    if encoding == "UTF8":
        return
    text = f"The database has the encoding {encoding}, so it can't store all texts."
    if is_new:
        yield Error(
            text,
            hint="Drop it, and create it with createdb --encoding=UTF8"
            " --template=template0.",
            id="config.E036",
        )
    else:
        yield Warning(
            text,
            hint="Run manage.py backup, and restore it: the new database has UTF8.",
            id="config.W037",
        )


@register(Tags.database, deploy=True)
def check_runtime_role(
    databases: Collection[str] | None = None, **kwargs: object
) -> Iterator[CheckMessage]:
    """Check that row-level security limits the role of the service.

    It needs the database: `check --deploy --database default`.
    """
    if "default" not in (databases or ()) or connection.vendor != "postgresql":
        return
    role = Role.of_connection()
    hint = "Run manage.py create_runtime_role, and set DATABASE_URL as it says."
    if role.bypasses_row_security:
        yield Warning(
            "The role of DATABASE_URL is a superuser or has BYPASSRLS, so row-level"
            " security does not limit it.",
            hint=hint,
            id="config.W024",
        )
    if role.owns_tables:
        yield Warning(
            "The role of DATABASE_URL owns tables, so it could switch row-level"
            " security off.",
            hint=hint,
            id="config.W025",
        )
    if not are_enforced():
        yield Warning(
            "Row-level security is not switched on, so it limits nobody.",
            hint="Run manage.py migrate, once no process of an earlier version runs.",
            id="config.W026",
        )


@register
def check_private_files(**kwargs: object) -> Iterator[CheckMessage]:
    """Warn when other users of this machine can read the SQLite database."""
    database = settings.DATABASES["default"]
    if database["ENGINE"] != "config.sqlite":
        return
    files = database_files(Path(database["NAME"]))
    for path in filter(is_open_to_others, files):
        yield Warning(
            f"Other users of this machine can read the database: {path}",
            hint=f"chmod 600 {path}",
            id="config.W021",
        )
    if files and settings.VAR_DIR.is_dir() and is_open_to_others(settings.VAR_DIR):
        yield Warning(
            f"Other users of this machine can open VAR_DIR: {settings.VAR_DIR}",
            hint=f"chmod 700 {settings.VAR_DIR}",
            id="config.W022",
        )


@register
def check_hsts(**kwargs: object) -> Iterator[CheckMessage]:
    """Check that preloading is on only together with the subdomains."""
    if settings.HSTS_PRELOAD and not settings.HSTS_INCLUDE_SUBDOMAINS:
        yield Error(
            "HSTS_PRELOAD is on without HSTS_INCLUDE_SUBDOMAINS.",
            hint="Turn on both or neither: browsers preload only with subdomains.",
            id="config.E007",
        )


# Which need neither a database nor the apps.
OF_URLS = (
    check_database,
    check_kind_of_database,
    check_replica,
    check_migration_database,
    check_mail_server,
    check_cache,
    check_telemetry,
)
