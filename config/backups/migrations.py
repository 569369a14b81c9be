"""Which migrations a database has, and which this version of Ownlist knows."""

from collections.abc import Collection

from django.core.management import call_command
from django.core.management.commands import migrate
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from config.backups.errors import BackupError
from config.backups.manifest import Manifest
from config.version import VERSION


def applied() -> list[str]:
    """Return the migrations that the database has."""
    found = MigrationRecorder(connection).applied_migrations()
    return sorted(f"{app}.{name}" for app, name in found)


def is_current() -> bool:
    """Whether the database has all migrations of this version, and no other."""
    return _are_all(applied())


def refuse_other_version(manifest: Manifest, *, allowed: bool) -> None:
    """Refuse a backup of another version, unless it is an earlier one and allowed.

    Raises:
        BackupError: it is refused.
    """
    if unknown := _unknown(manifest.migrations):
        raise BackupError(
            f"The backup was made by a newer version of Ownlist ({manifest.version};"
            f" this is {VERSION}), which has the migration {unknown[0]}. Install that"
            " version, then restore."
        )
    if allowed or (manifest.version == VERSION and _are_all(manifest.migrations)):
        return
    raise BackupError(
        f"The backup was made by another version of Ownlist ({manifest.version}; this"
        f" is {VERSION}), or from a database that was not migrated. To restore and"
        " migrate it, add --other-version."
    )


def create_schema(migrations: Collection[str]) -> None:
    """Create the tables of an empty database, as after these migrations."""
    executor = MigrationExecutor(connection)
    graph = executor.loader.graph
    wanted = {key for key in graph.nodes if ".".join(key) in migrations}
    last = [
        key
        for key in wanted
        if not any(child.key in wanted for child in graph.node_map[key].children)
    ]
    executor.migrate(last)


def add_missing() -> None:
    """Migrate to this version, and create what Django creates after that.

    By Django's own command: ours connects by MIGRATION_DATABASE_URL, which names the
    present database and not the one of `reconnected`.
    """
    call_command(migrate.Command(), interactive=False, verbosity=0)


def _are_all(migrations: Collection[str]) -> bool:
    graph = MigrationLoader(None).graph
    known = {".".join(key) for key in graph.nodes}
    return known <= set(migrations) and not _unknown(migrations)


def _unknown(migrations: Collection[str]) -> list[str]:
    """Return those of our apps that this version does not have."""
    loader = MigrationLoader(None)
    known = {".".join(key) for key in loader.disk_migrations}
    apps = loader.migrated_apps
    ours = {name for name in migrations if name.partition(".")[0] in apps}
    return sorted(ours - known)
