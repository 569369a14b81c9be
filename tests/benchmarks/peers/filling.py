"""Give the peers the tasks of Ownlist, in a table of their own: a program of its own.

`python -m tests.benchmarks.peers.filling CALLERS` copies every task, and adds to each
user in the file CALLERS the ids of their copies: those listed first, and others to
complete.
"""

import json
import sys
from pathlib import Path

from sqlmodel import SQLModel, create_engine

from tests.benchmarks.peers.models import Task, database_url

COPY = """
    INSERT INTO peer_task (
        user_id, title, description, completed, priority, due_date, tags,
        created_at, updated_at
    )
    SELECT
        owner_id, title, notes, completed_at IS NOT NULL,
        (ARRAY['urgent', 'high', 'medium', 'low'])[priority], due_date,
        ARRAY(
            SELECT label.name FROM todos_tasklabel AS link
            JOIN todos_label AS label
                ON label.owner_id = link.owner_id AND label.id = link.label_id
            WHERE link.owner_id = todos_task.owner_id
                AND link.task_id = todos_task.id
            ORDER BY label.key
        ),
        created_at, updated_at
    FROM todos_task ORDER BY owner_id, created_at
"""
# A copy is recognised by its user and time.
COPIES = """
    SELECT todos_task.id::text, peer_task.id
    FROM todos_task JOIN peer_task
        ON user_id = owner_id::text AND peer_task.created_at = todos_task.created_at
    WHERE todos_task.id::text = ANY(%s)
"""


def main(file: Path) -> None:
    callers = json.loads(file.read_text())
    kinds = ("listed", "completable")
    wanted = [task for caller in callers for kind in kinds for task in caller[kind]]
    engine = create_engine(database_url("psycopg"), isolation_level="AUTOCOMMIT")
    SQLModel.metadata.create_all(engine, tables=[Task.__table__])
    with engine.connect() as connection:
        connection.exec_driver_sql(COPY)
        connection.exec_driver_sql("VACUUM (ANALYZE) peer_task")
        copies = dict(connection.exec_driver_sql(COPIES, (wanted,)).all())
    for caller in callers:
        for kind in kinds:
            caller[f"peer_{kind}"] = [copies[task] for task in caller[kind]]
    file.write_text(json.dumps(callers))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
