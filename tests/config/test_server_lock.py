"""The lock beside an SQLite database: servers share it, a restore is alone."""

import pytest

from config import server_lock


@pytest.fixture
def database(tmp_path):
    return tmp_path / "ownlist.sqlite3"


def test_no_server_starts_during_a_restore(database):
    with server_lock.alone(database), pytest.raises(server_lock.Locked):
        server_lock.hold(database)


def test_two_restores_do_not_run_at_once(database):
    with (
        server_lock.alone(database),
        pytest.raises(server_lock.Locked),
        server_lock.alone(database),
    ):
        pass


def test_a_restore_is_refused_while_one_of_two_servers_runs(database):
    server_lock.hold(database)
    server_lock.hold(database)

    with pytest.raises(server_lock.Locked), server_lock.alone(database):
        pass


def test_a_folder_that_is_not_there_is_no_reason_not_to_start(tmp_path):
    server_lock.hold(tmp_path / "absent" / "ownlist.sqlite3")


def test_a_symbolic_link_has_the_lock_of_its_database(database, tmp_path):
    link = tmp_path / "link" / "ownlist.sqlite3"
    link.parent.mkdir()
    link.symlink_to(database)
    server_lock.hold(link)

    with pytest.raises(server_lock.Locked), server_lock.alone(database):
        pass
