"""What lies on disk after each step, and what is refused."""

from __future__ import annotations

import json

import pytest

from proxy.audit.trail.note import Checkpoint, Verifier
from proxy.recorder.trail.files import TrailFiles, TrailRefused
from proxy.recorder.trail.key import load_or_create_signer
from proxy.store.position import VaultPosition
from tests.recorder.trail.trodden import Trodden

SOMEWHERE = VaultPosition("20261118-000001", 99)


def opened(trodden: Trodden) -> TrailFiles:
    return TrailFiles(trodden.trail, load_or_create_signer(trodden.folder / "keys"))


def added(files: TrailFiles, count: int) -> None:
    first = files.size
    files.add([b"leaf %d" % number for number in range(first, first + count)], SOMEWHERE)


def grown(files: TrailFiles, count: int) -> str:
    added(files, count)
    files.write()
    return files.sign(7_000_000_000)


def test_every_size_that_was_signed_has_its_tiles_until_they_are_full(trodden: Trodden) -> None:
    files = opened(trodden)
    for _ in range(5):
        grown(files, 50)
    assert {path.name for path in (trodden.trail / "tile/0/000.p").iterdir()} == {
        "50", "100", "150", "200", "250",
    }  # fmt: skip

    grown(files, 50)

    assert not (trodden.trail / "tile/0/000.p").exists()
    assert (trodden.trail / "tile/0/001.p/44").stat().st_size == 44 * 32


def test_a_trail_goes_on_where_it_was_written(trodden: Trodden) -> None:
    first = opened(trodden)
    grown(first, 300)
    second = opened(trodden)
    line = grown(second, 700)

    whole = TrailFiles(trodden.folder / "whole", load_or_create_signer(trodden.folder / "keys"))

    assert second.position == SOMEWHERE
    assert grown(whole, 1000) == line


def test_a_checkpoint_is_kept_in_both_places_and_opens_with_the_public_key(
    trodden: Trodden,
) -> None:
    line = grown(opened(trodden), 5)

    verifier = Verifier.decode((trodden.trail / "trail.vkey").read_text("utf-8"))
    note = (trodden.trail / "checkpoint").read_text("utf-8")
    assert Checkpoint.decode(verifier.opened(note)).size == 5
    assert json.loads(line) == {"at": "1970-01-01T00:00:07+00:00", "size": 5, "checkpoint": note}
    assert (trodden.trail / "checkpoints").read_text("utf-8") == line + "\n"


def test_a_line_that_a_crash_cut_off_harms_nothing(trodden: Trodden) -> None:
    grown(opened(trodden), 5)
    with (trodden.trail / "checkpoints").open("a") as file:
        file.write('{"at": "19')

    line = grown(opened(trodden), 5)

    assert (trodden.trail / "checkpoints").read_text("utf-8").endswith(f'{{"at": "19\n{line}\n')


def test_leaves_that_give_another_tree_than_was_signed_are_refused(trodden: Trodden) -> None:
    files = opened(trodden)
    grown(files, 5)
    grown(files, 300)
    (trodden.trail / "position.json").unlink()
    again = opened(trodden)

    assert again.is_behind
    with pytest.raises(TrailRefused, match="another tree of 5 leaves"):
        again.add([b"forged"] * 6, SOMEWHERE)


@pytest.mark.parametrize("name", ["tile/0/000.p/5", "tile/entries/000.p/5"])
def test_a_tile_that_is_gone_is_said_at_the_start(name: str, trodden: Trodden) -> None:
    grown(opened(trodden), 5)
    (trodden.trail / name).unlink()

    with pytest.raises(TrailRefused, match="made again from the vault"):
        opened(trodden)


def test_hashes_are_read_from_disk_for_proofs(trodden: Trodden) -> None:
    files = opened(trodden)
    grown(files, 513)

    assert len(files.hashes(0, 256, 256)) == 256
    assert len(files.hashes(0, 512, 1)) == 1
    assert len(files.hashes(1, 0, 2)) == 2


def test_another_key_never_goes_on_with_a_log(trodden: Trodden) -> None:
    """Else a key that was lost would begin another history in silence, under the same roof."""
    grown(opened(trodden), 5)
    (trodden.folder / "keys" / "trail.key").unlink()

    with pytest.raises(TrailRefused, match="another key"):
        opened(trodden)


def test_a_short_write_is_finished_or_refused(
    trodden: Trodden, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the disk is nearly full, a system call writes a part and says so."""
    import os

    whole = os.pwritev

    def some(descriptor: int, buffers: list[bytes], offset: int) -> int:
        return whole(descriptor, [buffers[0][:7]], offset)

    monkeypatch.setattr(os, "pwritev", some)
    line = grown(opened(trodden), 5)

    assert (trodden.trail / "checkpoints").read_text("utf-8") == line + "\n"
    assert (trodden.trail / "checkpoint").read_text("utf-8") == json.loads(line)["checkpoint"]
