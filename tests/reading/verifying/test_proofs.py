"""The outsider's trees and notes agree with those of the recorder, of which they share no line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.audit.trail import merkle
from proxy.audit.trail.note import Checkpoint, Signer
from proxy.reading.verifying.proofs import (
    Refused,
    Roots,
    held_note,
    leaf_hash,
    read_note,
    root_by_proof,
    roots_at,
    tree_root,
)

SIGNER = Signer("proxy.example/one", bytes(range(32)))
NOTE = SIGNER.sign(Checkpoint(SIGNER.name, 7, bytes(32)).encode())


@given(st.lists(st.binary(max_size=9), min_size=1, max_size=300), st.data())
def test_roots_and_proofs_are_those_of_the_recorder(
    entries: list[bytes], data: st.DataObject
) -> None:
    hashes = [leaf_hash(entry) for entry in entries]
    index = data.draw(st.integers(0, len(entries) - 1))
    root = merkle.root_of(hashes)
    proof = merkle.inclusion_proof(index, len(hashes), lambda _, at, count: hashes[at:][:count])

    assert tree_root(hashes) == root == roots_at(hashes, [index, len(hashes)])[len(hashes)]
    assert root_by_proof(hashes[index], index, len(hashes), proof) == root


@given(st.integers(0, 700), st.lists(st.integers(0, 800), max_size=4))
def test_roots_of_whole_tiles_are_those_of_their_leaves(count: int, sizes: list[int]) -> None:
    hashes = [leaf_hash(b"%d" % number) for number in range(count)]
    roots = Roots(sizes)
    for at in range(0, count, 256):
        tile = hashes[at : at + 256]
        roots.take(tile, tree_root(tile) if len(tile) == 256 else None)

    assert roots.count == count
    assert roots.found == {size: tree_root(hashes[:size]) for size in sizes if size <= count}


def test_a_note_opens_with_the_right_key_only() -> None:
    assert read_note(NOTE, SIGNER.verifier.encode()) == (7, bytes(32))
    for vkey in ("", Signer(SIGNER.name, bytes(32)).verifier.encode()):
        with pytest.raises(Refused):
            read_note(NOTE, vkey)


@given(st.text(max_size=80))
def test_foreign_notes_are_refused(text: str) -> None:
    with pytest.raises(Refused):
        read_note(held_note(text)[0], SIGNER.verifier.encode())
