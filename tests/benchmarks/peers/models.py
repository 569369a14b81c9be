"""The task as table, request and response, and the environment of both services."""

import os
from datetime import UTC, date, datetime
from typing import Literal

from sqlalchemy import Column, DateTime, Index, String
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field, SQLModel

# For each worker, at least as many as the threads of the synchronous service. All
# workers of both services together stay below the 200 connections of the database.
POOL_SIZE = 40

Status = Literal["all", "pending", "completed"]
Priority = Literal["low", "medium", "high", "urgent"]


def database_url(driver: str) -> str:
    """Return the URL of the database for SQLAlchemy with this driver."""
    _, _, rest = os.environ["DATABASE_URL"].partition("://")
    return f"postgresql+{driver}://{rest}"


def _now() -> datetime:
    return datetime.now(UTC)


class TaskFields(SQLModel):
    """What a request may set."""

    title: str = Field(min_length=1, max_length=200)
    description: str = Field(default="", max_length=1000)
    priority: Priority = Field(default="medium", sa_type=String)
    due_date: date | None = None


class TaskCreate(TaskFields):
    tags: list[str] = Field(default_factory=list, max_length=20)


class Task(TaskFields, table=True):
    __tablename__ = "peer_task"
    __table_args__ = (Index("peer_task_of_user", "user_id", "created_at"),)

    id: int | None = Field(default=None, primary_key=True)
    user_id: str
    completed: bool = False
    # An array costs less than a table of tags, which other such services have.
    tags: list[str] = Field(
        default_factory=list, sa_column=Column(ARRAY(String), nullable=False)
    )
    created_at: datetime = Field(default_factory=_now, sa_type=DateTime(timezone=True))
    updated_at: datetime = Field(default_factory=_now, sa_type=DateTime(timezone=True))


class TaskRead(TaskFields):
    id: int
    user_id: str
    completed: bool
    tags: list[str]
    created_at: datetime
    updated_at: datetime
