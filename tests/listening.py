"""Hears what is logged, without replacing anything of ours."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager


class Heard(logging.Handler):
    """Keeps what is logged."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.getMessage())


@contextmanager
def listening(*names: str) -> Iterator[list[str]]:
    """What these loggers are told meanwhile."""
    heard, loggers = Heard(), [logging.getLogger(name) for name in names]
    kept = [logger.handlers for logger in loggers]
    for logger in loggers:
        logger.handlers = [heard]
    try:
        yield heard.said
    finally:
        for logger, handlers in zip(loggers, kept, strict=True):
            logger.handlers = handlers
