"""The service with plain functions, which FastAPI runs in threads, and psycopg."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException, Query
from sqlmodel import Session, col, create_engine, select

from tests.benchmarks.peers.models import (
    POOL_SIZE,
    Status,
    Task,
    TaskCreate,
    TaskRead,
    database_url,
)
from tests.benchmarks.peers.tokens import User

engine = create_engine(
    database_url("psycopg"), pool_size=POOL_SIZE, max_overflow=0, pool_pre_ping=False
)
app = FastAPI()


def open_session() -> Iterator[Session]:
    with Session(engine, expire_on_commit=False) as session:
        yield session


Database = Annotated[Session, Depends(open_session)]


@app.get("/healthz")
async def healthz() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/api/{user_id}/tasks", response_model=list[TaskRead])
def list_tasks(
    user_id: User,
    session: Database,
    status: Status = "all",
    limit: Annotated[int, Query(ge=1, le=500)] = 500,
    offset: Annotated[int, Query(ge=0)] = 0,
) -> Sequence[Task]:
    tasks = select(Task).where(Task.user_id == user_id)
    if status != "all":
        tasks = tasks.where(Task.completed == (status == "completed"))
    newest_first = tasks.order_by(col(Task.created_at).desc(), col(Task.id).desc())
    return session.exec(newest_first.offset(offset).limit(limit)).all()


@app.post("/api/{user_id}/tasks", response_model=TaskRead, status_code=201)
def create_task(user_id: User, session: Database, body: TaskCreate) -> Task:
    task = Task(**body.model_dump(), user_id=user_id)
    session.add(task)
    session.commit()
    session.refresh(task)
    return task


@app.get("/api/{user_id}/tasks/{task_id}", response_model=TaskRead)
def get_task(user_id: User, session: Database, task_id: int) -> Task:
    return _owned(session, user_id, task_id)


@app.patch("/api/{user_id}/tasks/{task_id}/complete", response_model=TaskRead)
def toggle_task(user_id: User, session: Database, task_id: int) -> Task:
    task = _owned(session, user_id, task_id)
    task.completed = not task.completed
    task.updated_at = datetime.now(UTC)
    session.add(task)
    session.commit()
    session.refresh(task)
    return task


def _owned(session: Session, user_id: str, task_id: int) -> Task:
    task = session.exec(
        select(Task).where(Task.id == task_id, Task.user_id == user_id)
    ).first()
    if task is None:
        raise HTTPException(404, "Task not found")
    return task
