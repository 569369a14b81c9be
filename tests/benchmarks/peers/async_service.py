"""The service with coroutines and asyncpg."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException, Query
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from tests.benchmarks.peers.models import (
    POOL_SIZE,
    Status,
    Task,
    TaskCreate,
    TaskRead,
    database_url,
)
from tests.benchmarks.peers.tokens import User

engine = create_async_engine(
    database_url("asyncpg"), pool_size=POOL_SIZE, max_overflow=0, pool_pre_ping=False
)
session_of = async_sessionmaker(engine, class_=AsyncSession, expire_on_commit=False)
app = FastAPI()


async def open_session() -> AsyncIterator[AsyncSession]:
    async with session_of() as session:
        yield session


Database = Annotated[AsyncSession, Depends(open_session)]


@app.get("/healthz")
async def healthz() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/api/{user_id}/tasks", response_model=list[TaskRead])
async def list_tasks(
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
    found = await session.exec(newest_first.offset(offset).limit(limit))
    return found.all()


@app.post("/api/{user_id}/tasks", response_model=TaskRead, status_code=201)
async def create_task(user_id: User, session: Database, body: TaskCreate) -> Task:
    task = Task(**body.model_dump(), user_id=user_id)
    session.add(task)
    await session.commit()
    await session.refresh(task)
    return task


@app.get("/api/{user_id}/tasks/{task_id}", response_model=TaskRead)
async def get_task(user_id: User, session: Database, task_id: int) -> Task:
    return await _owned(session, user_id, task_id)


@app.patch("/api/{user_id}/tasks/{task_id}/complete", response_model=TaskRead)
async def toggle_task(user_id: User, session: Database, task_id: int) -> Task:
    task = await _owned(session, user_id, task_id)
    task.completed = not task.completed
    task.updated_at = datetime.now(UTC)
    session.add(task)
    await session.commit()
    await session.refresh(task)
    return task


async def _owned(session: AsyncSession, user_id: str, task_id: int) -> Task:
    found = await session.exec(
        select(Task).where(Task.id == task_id, Task.user_id == user_id)
    )
    task = found.first()
    if task is None:
        raise HTTPException(404, "Task not found")
    return task
