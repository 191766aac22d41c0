"""The verifier finds what was done to a trail, says nothing against an honest one, and names what was lost."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from proxy.reading.verifying.evidence import evidence_of
from proxy.reading.verifying.joined import joined_verifier
from proxy.reading.verifying.verifier import main
from tests.reading.verifying.spoiling import KINDS, entries_of, rewrite
from tests.recorder.trail.trodden import BOOT, Trodden, verified
from tests.store.vault.built import VaultFolder

MUTATIONS = int(os.environ.get("TRAIL_MUTATIONS", "200"))
HONEST = int(os.environ.get("TRAIL_HONEST", "6"))


@pytest.fixture
def trodden(tmp_path: Path) -> Trodden:
    made = Trodden(VaultFolder(tmp_path / "data"))
    made.make_keys()
    return made


@pytest.fixture
def walked(trodden: Trodden) -> Trodden:
    """280 exchanges, all signed and held."""
    trodden.record(3, 1, 276, is_closed=True)
    trodden.follow()
    trodden.hold()
    return trodden


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


def test_no_honest_log_is_accused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    chance = random.Random(8)
    for number in range(HONEST):
        trodden = Trodden(VaultFolder(tmp_path / str(number)))
        trodden.make_keys()
        starts = chance.randrange(1, 4)
        held: Path | None = None
        for start in range(starts):
            commits = [chance.randrange(1, 20) for _ in range(chance.randrange(1, 4))]
            trodden.record(*commits, is_closed=start == starts - 1)
            trodden.follow()
            held = trodden.hold(f"held-{chance.randrange(2)}")
        lost = chance.sample(range(1, trodden.sequence + 1), chance.randrange(2))
        trodden.destroy(*lost)

        told = verified(trodden.arguments(held), capsys)

        assert told["found"] == []
        assert told["counts"].get("shredded", 0) == len(lost)


def test_after_an_erasure_exactly_as_many_are_shredded_and_the_rest_is_there(
    walked: Trodden, capsys: pytest.CaptureFixture[str]
) -> None:
    walked.destroy(*range(100, 150))

    told = verified(walked.arguments(walked.hold()), capsys)

    assert told["found"] == []
    assert (told["counts"]["shredded"], told["counts"]["present"]) == (50, 230)


def test_an_end_that_was_cut_off_is_named_with_its_time(
    walked: Trodden, capsys: pytest.CaptureFixture[str]
) -> None:
    held = walked.hold()
    rewrite(walked.folder, entries_of(walked.trail)[:100])

    told = verified(walked.arguments(held, has_vault=False), capsys)

    assert any("leaves 100 to 283 are missing, committed after 20" in one for one in told["found"])
    assert any("until 2026-11-18T12:00:00" in one for one in told["found"])


def test_what_is_missing_is_no_fault_as_long_as_gaps_declare_it(
    trodden: Trodden, capsys: pytest.CaptureFixture[str]
) -> None:
    trodden.record(3)
    trodden.sequence += 1
    trodden.record(3)
    trodden.sequence += 3
    trodden.record(3, is_closed=True)
    trodden.follow()

    told = verified(trodden.arguments(has_vault=False), capsys)

    assert told["faults"] == 0  # three gaps of two declare six, four are missing
    assert told["counts"]["declared lost"] == 6


def test_a_recorder_that_skips_one_exchange_without_a_word_is_caught(
    trodden: Trodden, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from proxy.recorder.trail import vault_leaves

    def without_gaps(*_: object) -> list[bytes]:
        return []

    monkeypatch.setattr(vault_leaves, "act_leaves", without_gaps)
    trodden.record(4)
    trodden.sequence += 1
    trodden.record(4, is_closed=True)
    trodden.follow()

    told = verified(trodden.arguments(has_vault=False), capsys)

    assert told["found"] == [f"1 exchanges were never recorded or declared: x0-{BOOT}-5"]


def test_a_leaf_that_the_recorder_withholds_is_missed_by_the_count(
    trodden: Trodden, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from proxy.recorder.trail import vault_leaves

    told_of = vault_leaves._exchange

    def withholding(file: object, place: object) -> list[bytes]:
        leaves = list(told_of(file, place))  # type: ignore[arg-type]
        return [leaf for leaf in leaves if json.loads(leaf)["sequence"] != 9]

    monkeypatch.setattr(vault_leaves, "_exchange", withholding)
    trodden.record(9, is_closed=True)  # the very last one
    trodden.follow()

    told = verified(trodden.arguments(), capsys)

    assert "9 exchanges were recorded up to leaf 11, 8 have leaves" in told["found"]
    assert told["counts"]["not signed yet"] == 1


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


def test_evidence_of_an_exchange_is_checked_offline(
    walked: Trodden, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = tmp_path / "evidence.json"
    names = {f"x0-{BOOT}-7", f"x0-{BOOT}-270"}
    bundle.write_text(evidence_of(walked.trail, walked.folder / "vault", names), "utf-8")
    arguments = ["--bundle", str(bundle), "--vkey", str(walked.trail / "trail.vkey"), "--json"]

    assert verified(arguments, capsys)["counts"]["exchanges"] == 2

    told = json.loads(bundle.read_text("utf-8"))
    told["exchanges"][0]["parts"] = told["exchanges"][1]["parts"]
    bundle.write_text(json.dumps(told), "utf-8")
    assert "sealed records" in verified(arguments, capsys)["found"][0]


def test_what_is_no_evidence_is_refused_and_never_an_error_of_ours(
    trodden: Trodden, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trodden.follow()
    bundle = tmp_path / "evidence.json"
    arguments = ["--bundle", str(bundle), "--vkey", str(trodden.trail / "trail.vkey"), "--json"]
    for text in ("", "{}", "[1]", '{"checkpoint": 5, "exchanges": []}'):
        bundle.write_text(text, "utf-8")

        assert verified(arguments, capsys)["faults"] == 1


def test_people_are_told_in_sentences(walked: Trodden, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = [one for one in walked.arguments() if one != "--json"]

    assert main(arguments) == 0
    assert "everything is there, or declared" in capsys.readouterr().out
