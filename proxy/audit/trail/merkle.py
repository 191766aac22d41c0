"""Merkle trees as in RFC 6962, section 2.1: roots, inclusion and consistency proofs, and checking them. Pure.

Hashes are 32 bytes, SHA-256. Proofs are lists of hashes from the leaves upwards.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Final

from proxy.errors import FormatError

HASH_BYTES: Final = 32
EMPTY_ROOT: Final = hashlib.sha256(b"").digest()
TILE_WIDTH: Final = 256
"""Hashes of a full tile (C2SP tlog-tiles): each tile level is eight levels of the tree."""

Tile = tuple[int, int, list[bytes]]
"""A full tile: level, index, 256 hashes."""
Hashes = Callable[[int, int, int], Sequence[bytes]]
"""(tile level, first, count) -> that many consecutive roots of full subtrees of 256**level leaves."""


def leaf_hash(entry: bytes) -> bytes:
    """The hash of a leaf."""
    return hashlib.sha256(b"\0" + entry).digest()


def leaf_hashes(entries: Sequence[bytes]) -> list[bytes]:
    """The same of many, without a call for each."""
    sha256 = hashlib.sha256
    return [sha256(b"\0" + entry).digest() for entry in entries]


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node."""
    return hashlib.sha256(b"\1" + left + right).digest()


def root_of(hashes: Sequence[bytes]) -> bytes:
    """The root over subtrees of one size, of which the last may be smaller.

    Pairs are joined level by level; one that is left over goes up as it is: the tree of the RFC.
    """
    if not hashes:
        return EMPTY_ROOT
    level = list(hashes)
    sha256 = hashlib.sha256
    while len(level) > 1:
        joined = [
            sha256(b"\1" + left + right).digest()
            for left, right in zip(level[::2], level[1::2], strict=False)
        ]
        if len(level) % 2:
            joined.append(level[-1])
        level = joined
    return level[0]


class Tree:
    """The right edge of a growing tree: what its next leaf and its root need. Mutable, 8 KB a tile level."""

    def __init__(self, size: int = 0, edge: Sequence[Sequence[bytes]] = ()) -> None:
        """`edge`: of each tile level the hashes of its last, partial tile, as `edge` gives them."""
        self.size = size
        self._edge = [list(tile) for tile in edge]

    @property
    def edge(self) -> list[list[bytes]]:
        """Of each tile level the hashes of its partial tile; may be empty."""
        return self._edge

    def append(self, leaf: bytes) -> list[Tile]:
        """Add the hash of a leaf. Returns the tiles that it filled."""
        filled: list[Tile] = []
        carried, level = leaf, 0
        self.size += 1
        while True:
            if level == len(self._edge):
                self._edge.append([])
            tile = self._edge[level]
            tile.append(carried)
            if len(tile) < TILE_WIDTH:
                return filled
            self._edge[level] = []
            level += 1
            filled.append((level - 1, (self.size >> 8 * level) - 1, tile))
            carried = root_of(tile)

    def extend(self, leaves: Sequence[bytes]) -> list[Tile]:
        """Add hashes of leaves, most of them at once. Returns the tiles that they filled."""
        filled: list[Tile] = []
        at = 0
        while at < len(leaves):
            # All but the last of a tile fill nothing.
            quiet = leaves[at : at + TILE_WIDTH - 1 - self.size % TILE_WIDTH]
            if quiet and not self._edge:
                self._edge.append([])
            if quiet:
                self._edge[0] += quiet
            self.size += len(quiet)
            at += len(quiet)
            if at < len(leaves):
                filled += self.append(leaves[at])
                at += 1
        return filled

    def root(self) -> bytes:
        """Of all leaves."""
        right: list[bytes] = []
        for tile in self._edge:
            if tile or right:
                right = [root_of([*tile, *right])]
        return right[0] if right else EMPTY_ROOT


def subtree_hash(start: int, end: int, hashes: Hashes) -> bytes:
    """The root over the leaves from `start` to before `end`, a range that the RFC's tree splits off."""
    size = end - start
    if size == 0:
        return EMPTY_ROOT
    if size & (size - 1) == 0 and start % size == 0:
        level = (size.bit_length() - 1) // 8
        width = 1 << 8 * level
        return root_of(hashes(level, start // width, size // width))
    middle = start + _split(size)
    return node_hash(subtree_hash(start, middle, hashes), subtree_hash(middle, end, hashes))


def inclusion_proof(index: int, size: int, hashes: Hashes) -> list[bytes]:
    """That leaf `index` is in the tree of `size` leaves. Needs 0 <= index < size."""
    assert 0 <= index < size, "the leaf is in the tree"
    start, end = 0, size
    path: list[bytes] = []
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(subtree_hash(middle, end, hashes))
            end = middle
        else:
            path.append(subtree_hash(start, middle, hashes))
            start = middle
    return path[::-1]


def consistency_proof(old: int, size: int, hashes: Hashes) -> list[bytes]:
    """That the tree of `size` leaves begins with that of `old` leaves. Needs 0 <= old <= size."""
    assert 0 <= old <= size, "the old tree is not the larger one"
    if old in {0, size}:
        return []
    start, end = 0, size
    path: list[bytes] = []
    while old != end:
        middle = start + _split(end - start)
        if old <= middle:
            path.append(subtree_hash(middle, end, hashes))
            end = middle
        else:
            path.append(subtree_hash(start, middle, hashes))
            start = middle
    if start > 0:
        path.append(subtree_hash(start, end, hashes))
    return path[::-1]


def root_from_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes:
    """The root that an inclusion proof leads to (RFC 9162, 2.1.3.2).

    Raises:
        FormatError: no such leaf, or a proof of another length.
    """
    if not 0 <= index < size:
        raise FormatError(f"leaf {index} is not in a tree of {size} leaves")
    at, last, root = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise FormatError("the inclusion proof is too long")
        if at % 2 or at == last:
            root = node_hash(sibling, root)
            while at % 2 == 0 and at:
                at, last = at // 2, last // 2
        else:
            root = node_hash(root, sibling)
        at, last = at // 2, last // 2
    if last:
        raise FormatError("the inclusion proof is too short")
    return root


def is_consistent(
    old: int, size: int, old_root: bytes, root: bytes, proof: Sequence[bytes]
) -> bool:
    """Whether `proof` leads from the old tree to the new one (RFC 9162, 2.1.4.2)."""
    if not 0 <= old <= size or (old in {0, size} and proof):
        return False
    if old == size:
        return old_root == root
    if old == 0:
        return old_root == EMPTY_ROOT
    path = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    if not path:
        return False
    at, last = old - 1, size - 1
    while at % 2:
        at, last = at // 2, last // 2
    first = second = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if at % 2 or at == last:
            first, second = node_hash(sibling, first), node_hash(sibling, second)
            while at % 2 == 0 and at:
                at, last = at // 2, last // 2
        else:
            second = node_hash(second, sibling)
        at, last = at // 2, last // 2
    return last == 0 and first == old_root and second == root


def _split(size: int) -> int:
    """The largest power of two below `size`."""
    return 1 << (size - 1).bit_length() - 1
