"""What the environment says, read once at the edge into one frozen value; everything below gets it as arguments."""

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


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
