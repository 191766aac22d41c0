"""The trail follows the vault, signs in time, and is the same whenever it is made."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence

import pytest

from proxy.recorder.trail.follow import CHECKPOINT_NS, HEARTBEAT_NS
from tests.recorder.trail.trodden import SECOND, Trodden, verified


def sizes(trodden: Trodden) -> list[int]:
    """Signed so far; start and stop may have signed the same."""
    return list(dict.fromkeys(json.loads(line)["size"] for line in trodden.lines))


def test_every_committed_record_has_its_leaf_in_the_order_of_the_vault(trodden: Trodden) -> None:
    trodden.record(3, 2, is_closed=True)

    trodden.follow()

    kinds = [leaf["kind"] for leaf in trodden.leaves()]
    assert kinds == [
        *["exchange", "exchange", "exchange", "facts", "exchange", "exchange", "facts"],
        *["gap", "act", "act", "closed"],
    ]
    sequences = [leaf["sequence"] for leaf in trodden.leaves() if leaf["kind"] == "exchange"]
    assert sequences == [1, 2, 3, 4, 5]


def test_an_honest_trail_verifies_with_and_without_the_vault(
    trodden: Trodden, capsys: pytest.CaptureFixture[str]
) -> None:
    trodden.record(3, 2, is_closed=True)
    trodden.follow()

    told = verified(trodden.arguments(trodden.hold()), capsys)

    assert told["found"] == []
    assert told["counts"]["present"] == 5
    assert told["counts"]["declared lost"] == 2
    assert verified(trodden.arguments(has_vault=False), capsys)["faults"] == 0


def test_the_trail_goes_on_after_a_restart_and_over_a_new_file_of_the_vault(
    trodden: Trodden, capsys: pytest.CaptureFixture[str]
) -> None:
    trodden.record(3, file_bytes_max=1)
    trodden.follow()
    held = trodden.hold()
    trodden.vault.clock_ns += 86_400 * SECOND
    trodden.record(300, 4, is_closed=True, file_bytes_max=1)
    trodden.follow()

    told = verified(trodden.arguments(held), capsys)

    assert told["found"] == []
    assert told["counts"]["present"] == 307
    assert sizes(trodden) == [7, 317]


def test_a_trail_made_again_from_the_vault_has_the_same_root(trodden: Trodden) -> None:
    trodden.record(400, 200)
    trodden.follow()
    shutil.rmtree(trodden.trail)

    trodden.follow()

    assert len({json.loads(line)["checkpoint"] for line in trodden.lines}) == 1


def test_a_crash_before_the_position_was_written_changes_nothing(
    trodden: Trodden, capsys: pytest.CaptureFixture[str]
) -> None:
    trodden.record(3)
    trodden.follow()
    position = (trodden.trail / "position.json").read_bytes()
    trodden.record(3)
    trodden.follow()
    (trodden.trail / "position.json").write_bytes(position)
    trodden.record(1, is_closed=True)
    trodden.follow()

    assert verified(trodden.arguments(trodden.hold()), capsys)["found"] == []


def test_nothing_is_signed_over_a_vault_that_gives_another_tree(
    trodden: Trodden, caplog: pytest.LogCaptureFixture
) -> None:
    trodden.record(3)
    shutil.copytree(trodden.folder / "vault", trodden.folder / "yesterday")
    trodden.record(2)
    trodden.follow()
    signed = len(trodden.lines)
    shutil.rmtree(trodden.folder / "vault")
    (trodden.folder / "yesterday").rename(trodden.folder / "vault")
    (trodden.trail / "position.json").unlink()

    follower = trodden.follow()

    assert len(trodden.lines) == signed
    assert "older than the trail" in str(follower.status().problem)
    assert "the trail is not signed" in caplog.text


def test_a_checkpoint_waits_for_its_time_unless_the_mode_changed(trodden: Trodden) -> None:
    trodden.record(1)
    follower = trodden.follower()
    follower._follow(is_last=False)
    trodden.record(1)
    follower._follow(is_last=False)
    assert sizes(trodden) == [5]

    trodden.mono_ns += CHECKPOINT_NS
    follower._follow(is_last=False)
    assert sizes(trodden) == [5, 10]

    trodden.record(1)
    follower._has_urgent = True
    follower._follow(is_last=False)
    assert sizes(trodden) == [5, 10, 15]


def test_a_thousand_leaves_are_signed_at_once(trodden: Trodden) -> None:
    trodden.record(1)
    follower = trodden.follower()
    follower._follow(is_last=False)
    trodden.record(*[99] * 10)
    trodden.record(10)
    follower._follow(is_last=False)

    assert sizes(trodden)[-1] >= 1004


def test_a_quiet_minute_asks_for_a_heartbeat(trodden: Trodden) -> None:
    trodden.record(1)
    follower = trodden.follower()
    follower._follow(is_last=False)
    assert trodden.told == []

    trodden.mono_ns += HEARTBEAT_NS
    follower._follow(is_last=False)
    follower._follow(is_last=False)

    assert [act.kind for act in trodden.told] == ["heartbeat"]


def test_tiles_that_change_on_disk_are_noticed_before_the_next_signature(
    trodden: Trodden, monkeypatch: pytest.MonkeyPatch
) -> None:
    from proxy.recorder.trail.files import TrailFiles

    trodden.record(300)
    written = TrailFiles._put

    def spoilt(files: TrailFiles, those: Sequence[tuple[str, bytes]]) -> None:
        written(
            files, [(name, data.replace(b'"outcome":1', b'"outcome":2')) for name, data in those]
        )

    monkeypatch.setattr(TrailFiles, "_put", spoilt)

    follower = trodden.follow()

    assert trodden.lines == []
    assert follower.status().problem is not None


def test_what_is_not_durable_yet_is_never_signed(trodden: Trodden) -> None:
    """A commit that a power loss takes back would leave a signed tree that no vault gives."""
    trodden.record(2)
    vault = trodden.vault.open()
    durable = vault.position
    vault.close()
    trodden.record(3)  # its bytes are in the file, and nobody has said that they are synced
    follower = trodden.follower(durable)
    follower.start()
    follower.stop()

    assert sizes(trodden) == [6]


def test_bytes_that_are_no_commit_stop_the_signing_and_are_told(
    trodden: Trodden, monkeypatch: pytest.MonkeyPatch
) -> None:
    from proxy.errors import FormatError
    from proxy.recorder.trail import vault_leaves

    def broken(_: object) -> dict[str, object]:
        raise FormatError("the commit before byte 7 is not one")

    trodden.record(2)
    monkeypatch.setattr(vault_leaves, "commit_body", broken)

    follower = trodden.follow()

    assert "is not one" in str(follower.status().problem)
