"""What OpenTelemetry's libraries log: kept from the log, since their lines quote headers and answers.

Of a line we keep its fixed part, and of its arguments only the names of gRPC statuses and of kinds
of errors.
"""

from __future__ import annotations

import logging
from enum import Enum
from typing import Final

LOGGER: Final = "opentelemetry"
"""All of the libraries' loggers are below it."""
KINDS_MAX: Final = 50
"""Lines of different kinds that are told, each once; the libraries have some dozens."""

_log = logging.getLogger(__name__)


class Heard(logging.Handler):
    """Takes the libraries' lines instead of the process's log."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.last: str | None = None
        """The fixed part of the newest line."""
        self.cause: str | None = None
        """The newest gRPC status or kind of error in a line."""
        self._told: set[str] = set()

    def forget(self) -> None:
        """Before something that may be told of."""
        self.last = self.cause = None

    def listen(self) -> None:
        """From now on, instead of whoever listened before."""
        logger = logging.getLogger(LOGGER)
        logger.handlers[:] = [self]
        logger.propagate = False

    def emit(self, record: logging.LogRecord) -> None:
        """Note a line; tell its fixed part the first time."""
        self.last = str(record.msg)
        arguments = record.args if isinstance(record.args, tuple) else ()
        for one in arguments:
            if isinstance(one, Enum):
                self.cause = one.name
            elif isinstance(one, BaseException):
                self.cause = type(one).__name__
        if self.last not in self._told and len(self._told) < KINDS_MAX:
            self._told.add(self.last)
            _log.warning("OpenTelemetry says: %s", self.last)
