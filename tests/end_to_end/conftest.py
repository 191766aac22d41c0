"""Fixtures: a stage with real processes. On failure pytest shows what they logged."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Protocol

import pytest

from tests.end_to_end.stage import Stage


class SetUp(Protocol):
    """Makes a stage; options of the emulator, settings of the proxy (a__b for a.b)."""

    def __call__(self, *emulator: str, **settings: object) -> Stage: ...


@pytest.fixture
def set_up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SetUp]:
    """In short folders: the path of a Unix socket may have 107 bytes."""
    with ExitStack() as stack:

        def make(*emulator: str, **settings: object) -> Stage:
            stage = Stage.set_up(tmp_path_factory.mktemp("stage"), *emulator, **settings)
            stack.callback(lambda: print(stage.logs()))
            stack.callback(stage.stop)
            return stage

        yield make


@pytest.fixture
def stage(set_up: SetUp) -> Stage:
    return set_up()
