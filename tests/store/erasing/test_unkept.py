from __future__ import annotations

import json
from dataclasses import replace

import pytest

from proxy.errors import KeyDestroyed
from proxy.journal.format import ExchangeId
from proxy.store.erasing.tombstones import Tombstones
from proxy.store.erasing.unkept import Unkept, acts_of, facts_alone, unkept_by_policy
from tests.store.samples import recording
from tests.store.vault.built import CURSORS, JOURNAL, VaultFolder, finished, meant

SECRET = b"a-canary-in-the-answer"


def test_of_what_is_never_stored_the_vault_has_facts_alone(data: VaultFolder) -> None:
    vault = data.open()
    vault.tombstones = Tombstones.open(data.folder / "keys")
    vault.never_stored = lambda recorded: "none-of-it" if recorded.exchange.sequence == 1 else None

    (never, always) = (
        vault.append(finished(number, SECRET, SECRET), meant(number, (SECRET,), SECRET))
        for number in (1, 2)
    )
    batch = vault.commit(CURSORS)
    vault.close()

    assert never is not None
    assert always is not None
    assert never.recording.exchange.operation == "create"
    assert (never.steps_ref, never.media_refs) == (None, ())
    assert always.steps_ref is not None
    with pytest.raises(KeyDestroyed):
        data.keystore().key(ExchangeId(*JOURNAL, 1))
    data.keystore().key(ExchangeId(*JOURNAL, 2))
    (act,) = batch.acts
    told = json.loads(act.data or "")
    assert (act.kind, told["policy"]) == ("erased", "none-of-it")
    assert "none-of-it" in act.detail


def test_later_exchanges_about_it_are_not_kept_either(data: VaultFolder) -> None:
    vault = data.open()
    vault.tombstones = Tombstones.open(data.folder / "keys")
    vault.never_stored = lambda recorded: "p" if recorded.exchange.sequence == 1 else None
    vault.append(finished(1), recording(1))
    vault.commit(CURSORS)

    read = recording(2, how="read")
    vault.append(finished(2), read)
    vault.close()

    assert Tombstones.open(data.folder / "keys").covers(read)


def test_blind_indices_of_labels_stay_and_digests_go() -> None:
    told = recording(1)
    (row,) = told.observations
    full = replace(told, observations=(replace(row, label_index="ab", answer_mac="cd"),))

    (bare,) = facts_alone(full).observations

    assert (bare.label_index, bare.answer_mac) == ("ab", None)


def test_only_an_interaction_that_it_made_is_marked() -> None:
    id_ = ExchangeId(0, 7, 1)

    made = unkept_by_policy(id_, recording(1), "p")
    read = unkept_by_policy(id_, recording(2, how="read"), "p")

    assert (made.created, read.created) == (("v1_one",), ())


def test_each_policy_is_told_apart() -> None:
    told = [Unkept(ExchangeId(0, 7, n), policy) for n, policy in enumerate(["p", "", "q", "p"])]

    details = [act.detail for act in acts_of(told, 5)]

    assert details == [
        "content of 2 exchanges was not kept: policy p stores none",
        "content of 1 exchanges was not kept: they tell of what was erased",
        "content of 1 exchanges was not kept: policy q stores none",
    ]
