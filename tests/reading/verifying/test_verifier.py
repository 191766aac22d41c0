"""The verifier finds what was done to a trail, says nothing against an honest one, and names what was lost."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from proxy.journal.format import Codec
from proxy.reading.verifying.joined import joined_verifier
from proxy.reading.verifying.verifier import main
from proxy.store.vault.files import VaultFile
from proxy.store.vault.format import NOBODY, RecordKind, encode_record
from tests.reading.verifying.spoiling import KINDS, entries_of, rewrite
from tests.recorder.trail.trodden import BOOT, Trodden, verified
from tests.store.vault.built import VaultFolder

MUTATIONS = int(os.environ.get("TRAIL_MUTATIONS", "200"))
ERASED = int(os.environ.get("TRAIL_ERASED", "50"))
HONEST = int(os.environ.get("TRAIL_HONEST", "6"))


def arguments_at(data: Path, held: Path, vkey: Path) -> list[str]:
    told = ["--trail", str(data / "trail"), "--vkey", str(vkey), "--since", str(held), "--json"]
    return [*told, "--vault", str(data / "vault"), "--keys", str(data / "keys" / "slots")]


@pytest.mark.parametrize("kind", KINDS)
def test_no_change_before_a_held_checkpoint_goes_unseen(
    kind: str, trodden: Trodden, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trodden.record(2, 5, 10, is_closed=True)
    trodden.follow()
    held, chance = trodden.hold(), random.Random(kind)
    vkey = Path(shutil.copy(trodden.trail / "trail.vkey", tmp_path / "trusted.vkey"))
    copy = tmp_path / "copy"
    for number in range(-(-MUTATIONS // len(KINDS))):
        shutil.copytree(trodden.folder, copy)
        before = {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()}
        KINDS[kind](copy, chance)
        after = {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()}
        if before != after:  # two equal leaves were exchanged, say
            code = main(arguments_at(copy, held, vkey))
            said = capsys.readouterr().out
            assert code == 1, f"{kind} {number} was not found: {said}"
        shutil.rmtree(copy)


@pytest.mark.parametrize("seed", range(2))
def test_no_honest_log_is_accused(
    seed: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chance = random.Random(seed)
    for number in range(HONEST // 2):
        trodden = Trodden(VaultFolder(tmp_path / str(number)))
        trodden.make_keys(200)
        starts = chance.randrange(1, 4)
        held: Path | None = None
        for start in range(starts):
            commits = [chance.randrange(1, 20) for _ in range(chance.randrange(1, 4))]
            trodden.record(*commits, is_closed=start == starts - 1)
            trodden.follow()
            held = trodden.hold(f"held-{chance.randrange(2)}")
        lost = chance.sample(range(1, trodden.sequence + 1), chance.randrange(2))
        if lost:
            trodden.erase(*lost)
            trodden.follow()

        told = verified(trodden.arguments(held), capsys)

        assert told["found"] == []
        assert told["counts"].get("shredded", 0) == len(lost)
        shutil.rmtree(trodden.folder)


def test_after_an_erasure_exactly_as_many_are_shredded_and_the_rest_is_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trodden = Trodden(VaultFolder(tmp_path / "data"))
    trodden.make_keys(ERASED + 30)
    trodden.record(ERASED, 30, is_closed=True)
    trodden.follow()
    for start in range(10, 10 + ERASED, 400):  # as many as one act names
        trodden.erase(*range(start, min(start + 400, 10 + ERASED)))
    trodden.follow()

    told = verified(trodden.arguments(trodden.hold()), capsys)

    assert told["found"] == []
    counts = told["counts"]
    assert (counts["shredded"], counts["present"]) == (ERASED, trodden.sequence - ERASED)


def test_an_end_that_was_cut_off_is_named_with_its_time(
    walked: Trodden, capsys: pytest.CaptureFixture[str]
) -> None:
    held = walked.hold()
    rewrite(walked.folder, entries_of(walked.trail)[:100])

    told = verified(walked.arguments(held, has_vault=False), capsys)

    assert any("leaves 100 to 286 are missing, committed after 20" in one for one in told["found"])
    assert any("until 2026-11-18T12:00:00" in one for one in told["found"])


def test_what_is_declared_lost_is_counted_and_no_fault(
    trodden: Trodden, capsys: pytest.CaptureFixture[str]
) -> None:
    trodden.record(3)
    trodden.record(3, is_closed=True)
    trodden.follow()

    told = verified(trodden.arguments(has_vault=False), capsys)

    assert told["faults"] == 0
    assert told["counts"]["declared lost"] == 4


def test_a_recorder_that_skips_one_exchange_is_caught_whatever_gaps_it_declares(
    trodden: Trodden, capsys: pytest.CaptureFixture[str]
) -> None:
    trodden.record(4)
    trodden.sequence += 1
    trodden.record(4, is_closed=True)
    trodden.follow()

    told = verified(trodden.arguments(has_vault=False), capsys)

    assert told["found"] == [f"1 exchanges were never recorded: x0-{BOOT}-5"]


def test_a_leaf_that_the_recorder_withholds_is_missed_by_the_count(
    trodden: Trodden, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from proxy.recorder.trail import vault_leaves

    told_of = vault_leaves._leaves

    def withholding(*told: Any) -> Iterator[bytes]:
        return (leaf for leaf in told_of(*told) if json.loads(leaf).get("sequence") != 9)

    monkeypatch.setattr(vault_leaves, "_leaves", withholding)
    trodden.record(9, is_closed=True)  # the very last one
    trodden.follow()

    told = verified(trodden.arguments(), capsys)

    assert "9 exchanges were recorded up to leaf 12, 8 have leaves" in told["found"]
    assert any("has no leaf, what follows it has" in one for one in told["found"])


def test_a_recorder_that_goes_on_from_yesterday_is_caught(
    trodden: Trodden, capsys: pytest.CaptureFixture[str]
) -> None:
    trodden.record(5)
    yesterday = trodden.folder.with_name("yesterday")
    shutil.copytree(trodden.folder, yesterday)
    trodden.record(5)
    trodden.follow()
    held = Path(shutil.copy(trodden.hold(), trodden.folder.with_name("held")))
    vkey_keys = shutil.copytree(trodden.folder / "keys", trodden.folder.with_name("keys"))
    shutil.rmtree(trodden.folder)
    yesterday.rename(trodden.folder)
    shutil.copytree(vkey_keys, trodden.folder / "keys", dirs_exist_ok=True)
    trodden.sequence = 5
    trodden.vault.clock_ns += 10**10
    trodden.record(3, 9)
    trodden.follow()

    told = verified(trodden.arguments(held), capsys)

    assert any("not those of the checkpoint that you hold" in one for one in told["found"])


def test_the_single_file_says_the_same_and_imports_nothing_of_ours(
    walked: Trodden, tmp_path: Path
) -> None:
    program = tmp_path / "verifier.py"
    program.write_text(joined_verifier(), "utf-8")
    code = (
        "import runpy, sys; sys.argv = sys.argv[1:]\n"
        "try: runpy.run_path(sys.argv[0], run_name='__main__')\n"
        "finally: assert not [name for name in sys.modules if name.startswith('proxy')]"
    )
    command = [sys.executable, "-P", "-c", code, str(program), *walked.arguments(walked.hold())]

    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["counts"]["present"] == 280


def test_people_are_told_in_sentences(walked: Trodden, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = [one for one in walked.arguments() if one != "--json"]

    assert main(arguments) == 0
    assert "everything is there, or declared" in capsys.readouterr().out


def test_a_key_that_is_gone_without_a_word_is_a_loss_and_named(
    walked: Trodden, capsys: pytest.CaptureFixture[str]
) -> None:
    walked.erase(5)
    walked.destroy(7, 9)
    walked.follow()

    told = verified(walked.arguments(), capsys)

    (found,) = told["found"]
    assert found.startswith("the keys of 2 exchanges are gone, and no record says so: ")
    assert found.endswith(f"x0-{BOOT}-7, x0-{BOOT}-9")
    assert (told["faults"], told["counts"]["shredded"], told["counts"]["key gone"]) == (2, 1, 2)


@pytest.mark.parametrize("is_erasing", [False, True])
def test_slots_that_are_not_there_are_lost_keys_whatever_goes_on(
    walked: Trodden, capsys: pytest.CaptureFixture[str], *, is_erasing: bool
) -> None:
    """Nobody erased them: what an erasure destroys is overwritten, and its slot stays."""
    walked.erase(5)
    if is_erasing:
        walked.tell("erasure", {"step": "begin"})
    walked.follow()
    (slots,) = (walked.folder / "keys" / "slots").iterdir()
    slots.unlink()

    told = verified(walked.arguments(), capsys)

    (found,) = told["found"]
    assert found.startswith("the slots of 279 exchanges are not here: their keys are lost, ")
    assert (told["faults"], told["counts"]["shredded"], told["counts"]["key lost"]) == (279, 1, 279)
    assert any("1 exchanges whose keys are said to be destroyed" in one for one in told["notes"])
    assert not told["counts"].get("key gone")


def test_a_slot_behind_the_end_of_its_file_is_lost(
    walked: Trodden, capsys: pytest.CaptureFixture[str]
) -> None:
    walked.follow()
    (slots,) = (walked.folder / "keys" / "slots").iterdir()
    os.truncate(slots, 4096 + 64 * 270)

    assert verified(walked.arguments(), capsys)["counts"]["key lost"] == 10


def test_keys_that_go_while_an_erasure_is_under_way_are_no_fault_yet(
    walked: Trodden, capsys: pytest.CaptureFixture[str]
) -> None:
    walked.tell("erasure", {"step": "begin"})
    walked.follow()
    walked.destroy(7)
    assert "not signed yet" in verified(walked.arguments(), capsys)["notes"][-1]

    walked.tell("erased", {"exchanges": [f"x0-{BOOT}-7"]})
    assert verified(walked.arguments(), capsys)["faults"] == 0

    walked.follow()
    told = verified(walked.arguments(), capsys)
    assert (told["faults"], told["counts"]["shredded"]) == (0, 1)


def test_a_vault_that_lacks_its_oldest_files_is_not_pruned_because_they_are_old(
    trodden: Trodden, capsys: pytest.CaptureFixture[str]
) -> None:
    trodden.record(3, 4, 5, is_closed=True, file_bytes_max=1)
    trodden.follow()
    oldest, *_ = sorted((trodden.folder / "vault").iterdir())
    oldest.unlink()

    told = verified(trodden.arguments(), capsys)

    assert any(
        "records of leaves 0 to 3 are not in the vault any more" in one for one in told["found"]
    )


def test_what_a_record_says_was_dropped_is_pruned_and_no_fault(
    trodden: Trodden, capsys: pytest.CaptureFixture[str]
) -> None:
    trodden.record(300, 4, 5, file_bytes_max=1)
    oldest, second, *_ = sorted((trodden.folder / "vault").iterdir())
    trodden.tell("pruned", {"before": second.name, "leaves": 301})
    trodden.record(2, is_closed=True)
    trodden.follow()
    oldest.unlink()
    (trodden.trail / "tile/entries/000").unlink()

    told = verified(trodden.arguments(trodden.hold()), capsys)

    assert told["found"] == []
    assert (told["counts"]["pruned entries"], told["counts"]["present"]) == (256, 11)
    assert verified(trodden.arguments(has_vault=False), capsys)["faults"] == 0


def test_entries_that_nobody_says_were_dropped_are_missing(
    walked: Trodden, capsys: pytest.CaptureFixture[str]
) -> None:
    (walked.trail / "tile/entries/000").unlink()

    told = verified(walked.arguments(has_vault=False), capsys)

    assert told["found"] == [
        "tile/entries/000 is not there, and no record says that it was dropped"
    ]


def test_what_a_crash_left_behind_the_last_commit_is_no_fault(
    walked: Trodden, capsys: pytest.CaptureFixture[str]
) -> None:
    (path,) = (walked.folder / "vault").iterdir()
    with path.open("ab") as file:
        record = encode_record(RecordKind.ACTS, Codec.PLAIN, 0, NOBODY, b"never committed")
        file.write(record + record[:-5])

    assert verified(walked.arguments(), capsys)["faults"] == 0


def test_a_checkpoint_that_was_kept_before_a_crash_could_show_it_counts(
    trodden: Trodden, capsys: pytest.CaptureFixture[str]
) -> None:
    trodden.record(3)
    trodden.follow()
    before = (trodden.trail / "checkpoint").read_bytes()
    trodden.record(3, is_closed=True)
    trodden.follow()
    (trodden.trail / "checkpoint").write_bytes(before)

    told = verified(trodden.arguments(trodden.hold()), capsys)

    assert (told["found"], told["counts"]["leaves"]) == ([], 15)


def test_a_record_that_was_put_between_others_is_seen(
    walked: Trodden, capsys: pytest.CaptureFixture[str]
) -> None:
    """A forged hold, say: a recorder would take it for one of its own."""
    (path,) = (walked.folder / "vault").iterdir()
    content = path.read_bytes()
    with VaultFile(path) as file:
        commits = list(file.commits(0, frozenset({RecordKind.ACTS})))
        (acts,) = (place.offset for commit in commits for place in commit.places)
    forged = encode_record(RecordKind.ACTS, Codec.PLAIN, 0, NOBODY, b"sealed by a thief")
    path.write_bytes(content[:acts] + forged + content[acts:])

    told = verified(walked.arguments(), capsys)

    assert any("a record of facts or acts" in one for one in told["found"])


def test_facts_and_the_last_acts_are_missed_when_they_are_gone(
    walked: Trodden, capsys: pytest.CaptureFixture[str]
) -> None:
    (path,) = (walked.folder / "vault").iterdir()
    with VaultFile(path) as file:
        *_, last, _ = file.commits(0, frozenset())
    path.write_bytes(path.read_bytes()[: last.end])  # without the commit that holds the acts

    told = verified(walked.arguments(), capsys)

    assert told["found"] == ["1 records of leaves 283 to 283 are not in the vault any more"]
