"""The smallest server that does the same kind of work: FastAPI, SQLAlchemy and psycopg, one query a request."""

import os
from typing import Annotated

import sqlalchemy as sa
from fastapi import Depends, FastAPI
from pydantic import BaseModel
from sqlalchemy.orm import Session, sessionmaker

make = sessionmaker(sa.create_engine(os.environ["DATABASE_URL"]))
app = FastAPI()


class Out(BaseModel):
    """One number."""

    n: int


def db():
    """A session a request."""
    with make() as session:
        yield session


@app.get("/")
def ok(session: Annotated[Session, Depends(db)]) -> Out:
    """Ask the database."""
    return Out(n=session.scalar(sa.select(1)) or 0)
