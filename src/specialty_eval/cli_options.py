"""What several commands take, and what the environment says where an option is not given."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from specialty_eval.engine.webhooks import Network

Data = Annotated[Path | None, typer.Option(help="数据库和文件所在的文件夹，默认 var/ · Where database and files live")]
Charset = Annotated[str, typer.Option(help="CSV 的编码，如 gb18030，默认 utf-8 · A CSV file's charset")]
Port = Annotated[int | None, typer.Option(min=0, max=65535, help="端口，默认 8000 · Port")]


@dataclass(frozen=True, slots=True)
class Known:
    """Where the installation is, and where it is served."""

    url: str | None
    folder: Path
    host: str
    port: int
    status_age: int
    feed_days: int
    limits: tuple[str, str, str]
    """Requests of a key, of an address, sign-ins of an address."""
    networks: "Sequence[Network]"


def configured(data: Path | None, host: str | None = None, port: int | None = None) -> Known:
    """What the environment says, overruled by the options given."""
    from specialty_eval.settings import Settings  # noqa: PLC0415 -- slow import: pydantic

    said = Settings()
    url = said.database_url.get_secret_value() if said.database_url else None
    limits = said.limit_key, said.limit_address, said.limit_sign_in
    port = said.port if port is None else port
    return Known(
        url, data or said.data, host or said.host, port, said.status_age, said.feed_days, limits, said.webhook_networks
    )


class Fault(SystemExit):
    """A command has said what went wrong, and it was not the input: the exit status is 2."""
