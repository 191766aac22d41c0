"""Media written out."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from proxy.errors import StoreError
from proxy.journal.format import ExchangeId
from proxy.reading.layout.media import Shown
from proxy.reading.media import write_media
from proxy.reading.show import DONE, gather, run
from proxy.reading.snapshot import open_facts
from tests.reading.recorded import ANSWER, COMPLETED, QUESTION, record, told
from tests.recording.media.files import PNG
from tests.store.vault.built import VaultFolder


@pytest.fixture
def pictured(tmp_path: Path) -> VaultFolder:
    return record(tmp_path / "data", told(1, QUESTION, ANSWER, media=PNG, **COMPLETED))


def test_show_writes_the_media_of_an_interaction_into_a_folder(
    pictured: VaultFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "new" / "out"

    assert run(pictured.folder, "last", media_folder=folder) == DONE

    (file,) = folder.iterdir()
    assert (file.name, file.read_bytes()) == ("001-step-1-image.png", PNG)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert capsys.readouterr().out == f"  1  {file}\n"


def test_a_file_that_is_there_is_not_written_over(pictured: VaultFolder, tmp_path: Path) -> None:
    there = tmp_path / "001-step-1-image.png"
    there.write_bytes(b"mine")

    with pytest.raises(StoreError, match="empty folder"):
        run(pictured.folder, "last", media_folder=tmp_path)

    assert there.read_bytes() == b"mine"


def test_what_was_erased_or_came_by_uri_says_so(pictured: VaultFolder, tmp_path: Path) -> None:
    pictured.keystore().destroy([ExchangeId(0, 7, 1)])
    with open_facts(pictured.folder) as connection:
        (medium,) = gather(connection, "v1_one").media
        by_uri = {**medium, "source": "uri", "content_ref": None}
        shown = [Shown(1, 1, medium, None), Shown(2, 1, by_uri, None)]

        told = write_media(connection, shown, tmp_path / "out")

    assert told == [
        "  1  was erased, or cannot be opened",
        "  2  came by URI: its bytes never passed here",
    ]
