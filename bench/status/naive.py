"""What most would write: FastAPI, a pydantic model, async SQLAlchemy, one row by its key from a table made for it."""

import os
from datetime import date
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import Depends, FastAPI, HTTPException
from pydantic import BaseModel, ConfigDict
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

url = sa.make_url(os.environ["DATABASE_URL"]).set(drivername="postgresql+asyncpg")
engine = create_async_engine(url, pool_size=16, max_overflow=0)
sessions = async_sessionmaker(engine, expire_on_commit=False)
app = FastAPI()


class Base(DeclarativeBase):
    """The tables."""

    type_annotation_map = {dict[str, Any]: JSONB, list[str]: JSONB, int: sa.BigInteger}  # noqa: RUF012 -- as SQLAlchemy wants it


class Row(Base):
    """A status in one row."""

    __tablename__ = "plain_status"
    __table_args__ = {"schema": "peer"}  # noqa: RUF012 -- as SQLAlchemy wants it

    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    school: Mapped[str]
    rating: Mapped[str | None]
    rating_year: Mapped[int | None]
    reasons: Mapped[list[str]]
    document_number: Mapped[str | None]
    valid_from: Mapped[date | None]
    provisional: Mapped[str | None]
    under: Mapped[list[str]]
    standing: Mapped[str]
    quota: Mapped[dict[str, Any]]
    closed_on: Mapped[date | None]
    sequence: Mapped[int]


class Out(BaseModel):
    """The answer."""

    model_config = ConfigDict(from_attributes=True)

    code: str
    name: str
    school: str
    rating: str | None
    rating_year: int | None
    reasons: list[str]
    document_number: str | None
    valid_from: date | None
    provisional: str | None
    under: list[str]
    standing: str
    quota: dict[str, int]
    closed_on: date | None
    sequence: int


async def db():
    """A session a request."""
    async with sessions() as session:
        yield session


@app.get("/v1/specialties/{code}/status", response_model=Out)
async def status(code: str, session: Annotated[AsyncSession, Depends(db)]) -> Row:
    """One status."""
    row = await session.get(Row, code)
    if row is None:
        raise HTTPException(404)
    return row
