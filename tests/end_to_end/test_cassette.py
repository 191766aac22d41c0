"""A conversation recorded through the proxy and exported is replayed: the agent sees the same answers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from proxy.cli.app import main
from proxy.cli.verb import DONE
from tests.end_to_end.conftest import SetUp
from tests.end_to_end.sdk_play import KEY, SCRIPT, play
from tests.end_to_end.stage import Emulator, Stage


@pytest.fixture
def cassette(set_up: SetUp) -> Iterator[tuple[Stage, Path]]:
    """A stage, and where its cassette is to lie."""
    stage = set_up("--clock-start", "1795600800", "--speed", "1000")
    return stage, stage.folder / "cassette.yaml"


def export(stage: Stage, file: Path) -> None:
    stage.proxy.flush()
    given = ["scenario", "export", "--all", "--data", str(stage.proxy.data), "--out", str(file)]
    assert main(given) == DONE


def test_every_act_of_a_play_is_the_same_again(cassette: tuple[Stage, Path]) -> None:
    stage, file = cassette
    recorded = play(stage.proxy.url)
    export(stage, file)

    emulator = Emulator(stage.folder / "again", "--scenario", str(file), seed=99)
    try:
        replayed = play(emulator.url)
    finally:
        emulator.stop()

    assert [name for name, _ in replayed] == [name for name, *_ in SCRIPT]
    assert dict(replayed) == dict(recorded)


def test_a_cassette_holds_no_credential(cassette: tuple[Stage, Path]) -> None:
    stage, file = cassette
    play(stage.proxy.url)
    export(stage, file)

    text = file.read_text("utf-8")

    assert KEY not in text
    assert "x-goog-api-key" not in text.lower()
    assert main(["scenario", "check", str(file)]) == DONE
