"""Trees against the plain recursion of RFC 6962 and the roots that Certificate Transparency publishes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.audit.trail.merkle import (
    EMPTY_ROOT,
    TILE_WIDTH,
    Hashes,
    Tree,
    consistency_proof,
    inclusion_proof,
    is_consistent,
    leaf_hash,
    leaf_hashes,
    node_hash,
    root_from_inclusion,
    root_of,
    subtree_hash,
)
from proxy.errors import FormatError

SIZES = st.integers(1, 70) | st.sampled_from([255, 256, 257, 511, 512, 513, 700])

KNOWN_LEAVES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
KNOWN_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def naive_root(leaves: Sequence[bytes]) -> bytes:
    """The recursion of RFC 6962, section 2.1, word for word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return node_hash(naive_root(leaves[:split]), naive_root(leaves[split:]))


def leaves_of(count: int) -> list[bytes]:
    return leaf_hashes([str(number).encode() for number in range(count)])


def hashes_of(leaves: Sequence[bytes]) -> Hashes:
    """What tiles would say."""

    def hashes(level: int, first: int, count: int) -> list[bytes]:
        width = TILE_WIDTH**level
        return [
            naive_root(leaves[at * width : (at + 1) * width]) for at in range(first, first + count)
        ]

    return hashes


def grown(leaves: Sequence[bytes]) -> Tree:
    tree = Tree()
    for leaf in leaves:
        tree.append(leaf)
    return tree


@pytest.mark.parametrize("count", range(1, 9))
def test_the_roots_are_those_that_certificate_transparency_publishes(count: int) -> None:
    leaves = [leaf_hash(leaf) for leaf in KNOWN_LEAVES[:count]]

    assert grown(leaves).root().hex() == KNOWN_ROOTS[count - 1]


def test_an_empty_tree_has_the_hash_of_nothing() -> None:
    assert Tree().root() == EMPTY_ROOT == root_of([]) == subtree_hash(0, 0, hashes_of([]))


@given(SIZES)
def test_a_grown_tree_has_the_root_of_the_recursion(count: int) -> None:
    leaves = leaves_of(count)

    assert grown(leaves).root() == naive_root(leaves) == subtree_hash(0, count, hashes_of(leaves))


def test_a_tree_tells_each_tile_when_it_is_full() -> None:
    tree, leaves, filled = Tree(), leaves_of(65_536), []
    for leaf in leaves:
        filled += [(level, index) for level, index, _ in tree.append(leaf)]

    assert filled == [(0, index) for index in range(256)] + [(1, 0)]
    assert [len(tile) for tile in tree.edge] == [0, 0, 1]
    assert Tree(tree.size, tree.edge).root() == root_of(leaves)


@given(SIZES, st.data())
def test_every_leaf_has_a_proof_and_no_other_leaf_or_place_fits_it(
    size: int, data: st.DataObject
) -> None:
    leaves = leaves_of(size)
    index = data.draw(st.integers(0, size - 1))

    proof = inclusion_proof(index, size, hashes_of(leaves))

    assert root_from_inclusion(leaves[index], index, size, proof) == naive_root(leaves)
    assert root_from_inclusion(leaf_hash(b"other"), index, size, proof) != naive_root(leaves)
    with pytest.raises(FormatError):
        root_from_inclusion(leaves[index], index, size, [*proof, EMPTY_ROOT])
    if proof:
        with pytest.raises(FormatError):
            root_from_inclusion(leaves[index], index, size, proof[:-1])


@given(SIZES, st.data())
def test_every_earlier_tree_has_a_proof_and_no_fork_has(size: int, data: st.DataObject) -> None:
    leaves = leaves_of(size)
    old = data.draw(st.integers(1, size))
    proof = consistency_proof(old, size, hashes_of(leaves))
    root, old_root = naive_root(leaves), naive_root(leaves[:old])

    assert is_consistent(old, size, old_root, root, proof)
    assert not is_consistent(old, size, leaf_hash(b"fork"), root, proof)
    assert not is_consistent(old, size, old_root, leaf_hash(b"fork"), proof)
    assert not is_consistent(old, size, old_root, root, [*proof, EMPTY_ROOT])
    assert not proof or not is_consistent(old, size, old_root, root, proof[:-1])


@given(st.integers(-1, 20), st.integers(-1, 20), st.lists(st.binary(min_size=32, max_size=32)))
@settings(max_examples=50)
def test_foreign_proofs_are_never_an_error_of_ours(old: int, size: int, proof: list[bytes]) -> None:
    leaves = leaves_of(20)
    root = naive_root(leaves[: max(size, 0)])

    assert is_consistent(old, size, EMPTY_ROOT, root, proof) == (
        not proof and ((old == 0 <= size) or old == size == 0)
    )
    try:
        assert root_from_inclusion(leaves[0], old, size, proof) != root or not proof
    except FormatError:
        assert proof or not 0 <= old < size or size > 1


@settings(max_examples=30)
@given(st.lists(st.integers(0, 300), max_size=6))
def test_leaves_taken_together_give_the_tree_of_leaves_taken_one_by_one(counts: list[int]) -> None:
    together, alone = Tree(), Tree()
    for count in counts:
        fresh = [leaf_hash(b"%d" % (alone.size + number)) for number in range(count)]

        filled = [tile for leaf in fresh for tile in alone.append(leaf)]

        assert together.extend(fresh) == filled
        assert (together.size, together.root()) == (alone.size, alone.root())
