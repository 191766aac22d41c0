"""What stands in a leaf, how long it is, and that nothing of a sealed record is in it but its digest."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from proxy.audit.trail.leaves import (
    LEAF_BYTES_MAX,
    RecordedExchange,
    act_leaves,
    closed_leaf,
    damaged_leaf,
    digest_text,
    exchange_leaf,
    facts_leaf,
    unreadable_leaf,
)
from proxy.recording.facts import ActFact, GapFact

MOST = 2**64 - 1
LARGEST = RecordedExchange(
    65_535,
    MOST,
    MOST,
    7,
    has_lost_frames=False,
    ended_s=10**10,
    key_commitment=bytes(32),
    manifest=b"manifest",
)
BOOT = "00000000000000ff"


def act(kind: str, data: str | None = None) -> ActFact:
    secret = "Ada Lovelace"
    return ActFact(5_000_000_000, kind, None, None, secret, actor=secret, data=data)


def test_an_exchange_is_named_with_the_digest_of_its_manifest() -> None:
    told = json.loads(exchange_leaf(LARGEST))

    assert told["kind"] == "exchange"
    assert (told["worker"], told["boot"], told["sequence"]) == (65_535, "f" * 16, MOST)
    assert told["manifest"] == digest_text(b"manifest")


def test_no_leaf_is_longer_than_the_limit() -> None:
    gap = GapFact(2**63 - 1, 65_535, "f" * 16, MOST, 1, 2**63 - 1, 2**63 - 1, "why")
    acts = tuple(act("k" * 40) for _ in range(3))
    leaves = [exchange_leaf(LARGEST), *act_leaves(b"sealed", (gap,), acts)]
    leaves += [closed_leaf(65_535, MOST, MOST, 2**63 - 1), unreadable_leaf(b"sealed", 2**63 - 1)]
    leaves += [facts_leaf(b"sealed", 2**63 - 1), damaged_leaf(2**63 - 1, (65_535, MOST, MOST))]

    assert max(map(len, leaves)) < LEAF_BYTES_MAX


def test_an_act_is_told_by_its_kind_and_the_digest_of_the_sealed_record_only() -> None:
    (leaf,) = act_leaves(b"sealed", (), (act("hold", '{"reason":"court"}'),))

    assert json.loads(leaf) == {
        "v": 1,
        "kind": "act",
        "act": "hold",
        "at": 5,
        "record": digest_text(b"sealed"),
        "index": 0,
    }


def test_an_erasure_names_each_exchange_whose_key_it_destroyed() -> None:
    data = json.dumps({"exchanges": [f"x3-{BOOT}-17", "nonsense", 5]})

    _, shredded = act_leaves(b"sealed", (), (act("erased", data),))

    assert json.loads(shredded) == {
        "v": 1,
        "kind": "shredded",
        "worker": 3,
        "boot": BOOT,
        "sequence": 17,
        "at": 5,
    }


def test_what_was_dropped_is_named_by_its_file_and_its_number_of_leaves() -> None:
    data = json.dumps({"before": "20261118-000002", "leaves": 512})

    _, pruned = act_leaves(b"sealed", (), (act("pruned", data),))
    for wrong in ('{"before": "../../etc", "leaves": 5}', '{"leaves": 5}', "[]"):
        assert len(list(act_leaves(b"sealed", (), (act("pruned", wrong),)))) == 1

    told = {"v": 1, "kind": "pruned", "before": "20261118-000002", "leaves": 512, "at": 5}
    assert json.loads(pruned) == told


@given(st.text(max_size=60), st.none() | st.text(max_size=60))
def test_foreign_kinds_and_data_never_reach_a_leaf(kind: str, data: str | None) -> None:
    leaves = list(act_leaves(b"sealed", (), (act(kind, data), act("erased", data))))

    assert len(leaves) == 2
    assert b"Ada" not in b"".join(leaves)
    assert all(len(leaf) < LEAF_BYTES_MAX for leaf in leaves)
