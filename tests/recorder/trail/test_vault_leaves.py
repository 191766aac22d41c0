"""Leaves come from committed frames only, in the vault's order, and the same each time."""

from __future__ import annotations

import json

import pytest

from proxy.errors import FormatError, PositionUnknown
from proxy.recorder.trail import vault_leaves
from proxy.recorder.trail.vault_leaves import leaves_behind
from proxy.store.position import VaultPosition
from proxy.store.vault.files import VaultFile
from proxy.store.vault.format import RECORD_HEADER_BYTES, RecordKind
from tests.recorder.trail.trodden import Trodden
from tests.store.vault.built import finished, meant


def kinds(trodden: Trodden) -> list[str]:
    found = leaves_behind(trodden.folder / "vault", trodden.vault.facts_keys())
    return [json.loads(leaf)["kind"] for leaves, _ in found for leaf in leaves]


def test_what_is_not_committed_has_no_leaf(trodden: Trodden) -> None:
    trodden.record(2)
    vault = trodden.vault.open()
    vault.append(finished(9), meant(9))
    vault._tail._write()
    vault.close()

    assert kinds(trodden) == ["exchange", "exchange", "facts", "gap", "act", "act"]


def test_each_position_leads_to_the_rest(trodden: Trodden) -> None:
    trodden.record(1, 2, 3)
    vault, keys = trodden.folder / "vault", trodden.vault.facts_keys()
    whole = list(leaves_behind(vault, keys))

    for number, (_, position) in enumerate(whole):
        assert list(leaves_behind(vault, keys, position)) == whole[number + 1 :]


def test_a_closed_worker_is_told_once_though_a_new_file_says_it_again(trodden: Trodden) -> None:
    trodden.record(2, is_closed=True, file_bytes_max=1)

    assert kinds(trodden).count("closed") == 1


def test_acts_whose_key_is_gone_have_a_leaf_that_says_so(trodden: Trodden) -> None:
    trodden.record(1)
    for path in (trodden.folder / "keys" / "facts").iterdir():
        path.unlink()

    assert kinds(trodden) == ["exchange", "facts", "unreadable"]


@pytest.mark.parametrize(
    "position", [VaultPosition("20200101-000001", 0), VaultPosition("20261118-000001", 10**9)]
)
def test_a_position_of_another_vault_is_refused(position: VaultPosition, trodden: Trodden) -> None:
    trodden.record(1)

    with pytest.raises(PositionUnknown):
        list(leaves_behind(trodden.folder / "vault", trodden.vault.facts_keys(), position))


def test_what_was_damaged_before_it_was_signed_has_a_leaf_that_says_so(trodden: Trodden) -> None:
    trodden.record(3)
    places = manifests(trodden)
    (path,) = (trodden.folder / "vault").iterdir()
    content = bytearray(path.read_bytes())
    content[places[1] + RECORD_HEADER_BYTES] ^= 1
    path.write_bytes(bytes(content))

    found = leaves_behind(trodden.folder / "vault", trodden.vault.facts_keys())
    told = [json.loads(leaf) for leaves, _ in found for leaf in leaves]

    assert [leaf["kind"] for leaf in told[:4]] == ["exchange", "damaged", "exchange", "facts"]
    assert told[1]["sequence"] == 2


def test_a_place_that_cannot_be_walked_is_told_too(trodden: Trodden) -> None:
    trodden.record(3)
    (path,) = (trodden.folder / "vault").iterdir()
    content = bytearray(path.read_bytes())
    content[manifests(trodden)[1]] ^= 0xFF  # its length
    path.write_bytes(bytes(content))

    assert kinds(trodden)[0] == "damaged"
    assert kinds(trodden)[-3:] == ["gap", "act", "act"]


@pytest.mark.parametrize("commits", [(1,), (7, 1, 30)])
def test_the_quick_walk_and_the_careful_one_give_the_same(
    commits: tuple[int, ...], trodden: Trodden, monkeypatch: pytest.MonkeyPatch
) -> None:
    trodden.record(*commits, is_closed=True)
    vault, keys = trodden.folder / "vault", trodden.vault.facts_keys()
    quick = list(leaves_behind(vault, keys))

    def refused(*_: object) -> list[object]:
        raise FormatError("not today")

    monkeypatch.setattr(vault_leaves, "_walked", refused)

    assert list(leaves_behind(vault, keys)) == quick


def test_records_larger_than_one_read_are_passed(
    trodden: Trodden, monkeypatch: pytest.MonkeyPatch
) -> None:
    trodden.record(5, 5)
    vault, keys = trodden.folder / "vault", trodden.vault.facts_keys()
    whole = list(leaves_behind(vault, keys))

    monkeypatch.setattr(vault_leaves, "WINDOW_BYTES", 64)

    assert list(leaves_behind(vault, keys)) == whole


def manifests(trodden: Trodden) -> list[int]:
    """Where they begin."""
    (path,) = (trodden.folder / "vault").iterdir()
    with VaultFile(path) as file:
        commits = file.commits(0, frozenset({RecordKind.MANIFEST}))
        return [place.offset for commit in commits for place in commit.places]
