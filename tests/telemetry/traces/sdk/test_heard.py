from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from proxy.telemetry.traces.sdk.heard import LOGGER, Heard

SECRET = "a-secret-nobody-may-see"


@pytest.fixture
def heard() -> Iterator[Heard]:
    logger = logging.getLogger(LOGGER)
    before, logger.propagate = logger.propagate, True
    handler = Heard()
    handler.listen()
    yield handler
    logger.handlers.remove(handler)
    logger.propagate = before


def test_lines_are_told_once_and_without_what_they_quote(
    heard: Heard, caplog: pytest.LogCaptureFixture
) -> None:
    library = logging.getLogger(f"{LOGGER}.exporter")
    for _ in range(3):
        library.error("no answer: %s after %s", TimeoutError(SECRET), SECRET)

    assert (heard.last, heard.cause) == ("no answer: %s after %s", "TimeoutError")
    assert [one.getMessage() for one in caplog.records if one.name.startswith("proxy")] == [
        "OpenTelemetry says: no answer: %s after %s"
    ]
    assert not logging.getLogger(LOGGER).propagate


def test_what_was_heard_can_be_forgotten(heard: Heard) -> None:
    logging.getLogger(LOGGER).warning("x %s", OSError())

    heard.forget()

    assert (heard.last, heard.cause) == (None, None)
