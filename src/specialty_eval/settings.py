"""What the environment says, read once at the edge into one frozen value; everything below gets it as arguments."""

from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


class Settings(BaseSettings):
    """One run's configuration: `SPECIALTY_EVAL_<FIELD>`, and `DATABASE_URL` by its usual name."""

    model_config = SettingsConfigDict(env_prefix="SPECIALTY_EVAL_", env_ignore_empty=True, frozen=True)

    database_url: SecretStr | None = Field(default=None, validation_alias="DATABASE_URL")
    """A PostgreSQL server (15 and later), as a URL; without it the embedded one under `data` is used."""
    data: Path = Path("var")
    """Where the embedded database and the files live."""
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    status_age: int = Field(default=15 * 60, ge=0)
    """Seconds for which statuses are answered from memory while the database is away."""
    limit_key: str = "1200/minute"
    """Requests that one key or signed-in person may send to one process; empty for no limit."""
    limit_address: str = "600/minute"
    """Requests of one address that shows no key."""
    limit_sign_in: str = "30/minute"
    """Sign-ins and passwords set from one address."""
    feed_days: int = Field(default=3650, ge=7)
    """Days for which events are offered to those who follow them; on record they stay for good."""
    webhook_networks: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = ()
    """Networks of one's own to which webhooks may be delivered, plain http too (`10.20.0.0/16,192.168.7.0/24`)."""

    @field_validator("webhook_networks", mode="before")
    @classmethod
    def _apart(cls, said: object) -> object:
        return [part.strip() for part in said.split(",") if part.strip()] if isinstance(said, str) else said
