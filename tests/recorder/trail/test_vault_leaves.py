"""Leaves come from committed frames only, in the vault's order, and the same each time."""

from __future__ import annotations

import json

import pytest

from proxy.errors import PositionUnknown
from proxy.recorder.trail.vault_leaves import leaves_behind
from proxy.store.position import VaultPosition
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

    assert kinds(trodden) == ["exchange", "exchange", "gap", "act", "act"]


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

    assert kinds(trodden) == ["exchange", "unreadable"]


@pytest.mark.parametrize(
    "position", [VaultPosition("20200101-000001", 0), VaultPosition("20261118-000001", 10**9)]
)
def test_a_position_of_another_vault_is_refused(position: VaultPosition, trodden: Trodden) -> None:
    trodden.record(1)

    with pytest.raises(PositionUnknown):
        list(leaves_behind(trodden.folder / "vault", trodden.vault.facts_keys(), position))
