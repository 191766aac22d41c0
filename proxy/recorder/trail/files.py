"""The trail on disk: tiles, entry bundles, checkpoints, and how far the vault was taken.

    data/trail/tile/...      as C2SP tlog-tiles says; partial tiles stay until the tile is full
    data/trail/checkpoint    the last signed note
    data/trail/checkpoints   every one that was ever signed: JSON lines {"at", "size", "checkpoint"}
    data/trail/trail.vkey    the public key
    data/trail/position.json {"size", "file", "offset"}: leaves of the vault up to there are in the tiles

The position is written last. A crash before it makes the same leaves again from the same vault: the same bytes.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from proxy.audit.trail.merkle import TILE_WIDTH, Tree, leaf_hashes
from proxy.audit.trail.note import Checkpoint, Signer
from proxy.audit.trail.tiles import (
    ENTRIES,
    pack_entries,
    pack_hashes,
    tile_path,
    unpack_entries,
    unpack_hashes,
)
from proxy.errors import FormatError, StoreError
from proxy.journal.disk import make_folder, sync_folder, write_all
from proxy.store.position import VAULT_START, VaultPosition

CHECKPOINT: Final = "checkpoint"
CHECKPOINTS: Final = "checkpoints"
PUBLIC_KEY: Final = "trail.vkey"
POSITION: Final = "position.json"
FILES_AT_ONCE: Final = 64
"""Open and synced together; a checkpoint of 1,000 leaves writes some twelve."""
BLOCK_BYTES: Final = 64 * 1024
"""One read of the kept checkpoints: 200 of them."""


class TrailRefused(StoreError):
    """What lies on disk is not what was put there, or not what was signed before: nothing is signed."""


class TrailFiles:
    """Grows a trail. Not thread-safe; after an error open it again."""

    def __init__(self, folder: Path, signer: Signer) -> None:
        """`folder` is data/trail; made if need be.

        Raises:
            OSError: the disk refused.
            TrailRefused: the tiles do not fit the position, or another key signed them.
        """
        self._folder = folder
        self._signer = signer
        make_folder(folder)
        self._own(f"{signer.verifier.encode()}\n".encode())
        size, self.position = self._read_position()
        self._fixed = self._read_edge(size)
        """As of the last checkpoint: what lies on disk is compared to it and to what came since."""
        self._tree = Tree(size, self._fixed)
        self._bundle = self._read_bundle(size)
        self._fixed_size = size
        self._full: list[tuple[str, bytes]] = []
        self._signed = self._read_signed(size)

    @property
    def size(self) -> int:
        """Leaves, those that no checkpoint covers included."""
        return self._tree.size

    @property
    def pending_count(self) -> int:
        """Leaves that no checkpoint covers."""
        return self._tree.size - self._fixed_size

    def add(self, leaves: Sequence[bytes], position: VaultPosition) -> None:
        """Take the leaves of one commit; `position` is behind it.

        Raises:
            TrailRefused: a tree on the way is not the one that was signed at that size.
        """
        if self._signed:
            for leaf in leaves:
                self._extend([leaf])
                self._check_signed()
        else:
            self._extend(leaves)
        self.position = position

    def _extend(self, leaves: Sequence[bytes]) -> None:
        index = self._tree.size // TILE_WIDTH
        for level, number, tile in self._tree.extend(leaf_hashes(leaves)):
            self._full.append((tile_path(level, number), pack_hashes(tile)))
        self._bundle += leaves
        while len(self._bundle) >= TILE_WIDTH:
            self._full.append((tile_path(ENTRIES, index), pack_entries(self._bundle[:TILE_WIDTH])))
            del self._bundle[:TILE_WIDTH]
            index += 1

    def _check_signed(self) -> None:
        signed = self._signed.pop(self._tree.size, None)
        if signed is not None and signed != self._tree.root():
            raise TrailRefused(
                f"the vault gives another tree of {self._tree.size} leaves than was signed: keep "
                f"the trail and the vault as they are, and compare them with `verify`"
            )

    @property
    def is_behind(self) -> bool:
        """Whether a larger tree was signed once: after a crash, or while the trail is made again."""
        return bool(self._signed)

    def write(self) -> None:
        """Write what is pending, read it back, and move the position.

        Raises:
            OSError: the disk refused.
            TrailRefused: what was read back is not what was written.
        """
        changed = [*self._full, *self._partial()]
        for first in range(0, len(changed), FILES_AT_ONCE):
            self._put(changed[first : first + FILES_AT_ONCE])
        for parent in {(self._folder / path).parent for path, _ in changed}:
            sync_folder(parent)
        self._reread(self._tree.root())
        told = {"size": self._tree.size, "file": self.position.file, "offset": self.position.offset}
        self._replace(POSITION, json.dumps(told).encode())
        for path, _ in self._full:
            shutil.rmtree(self._folder / f"{path}.p", ignore_errors=True)
        self._full = []
        self._fixed, self._fixed_size = [list(tile) for tile in self._tree.edge], self._tree.size

    def sign(self, now_ns: int) -> str:
        """Sign what was written, and keep the note. Returns the line to give away.

        Raises:
            OSError: the disk refused.
            TrailRefused: a larger tree was signed before.
        """
        assert self.pending_count == 0, "written before it is signed"
        if self._signed:
            raise TrailRefused(
                f"{max(self._signed)} leaves were signed and the vault has {self._tree.size}: "
                "it is older than the trail, restore the newer vault"
            )
        checkpoint = Checkpoint(self._signer.name, self._tree.size, self._tree.root())
        note = self._signer.sign(checkpoint.encode())
        line = self._keep(note, checkpoint.size, now_ns)
        self._replace(CHECKPOINT, note.encode())
        return line

    def keep(self, name: str, data: bytes) -> None:
        """One more file beside the checkpoint, durable."""
        self._replace(name, data)

    def hashes(self, level: int, first: int, count: int) -> list[bytes]:
        """Consecutive hashes of one tile of what the last checkpoint covers, from disk.

        Raises:
            OSError, FormatError: the tile is not there, or none.
        """
        index, at = divmod(first, TILE_WIDTH)
        width = min(TILE_WIDTH, (self._fixed_size >> 8 * level) - index * TILE_WIDTH)
        try:
            data = self._read(tile_path(level, index, width))
        except (
            FileNotFoundError
        ):  # it was filled meanwhile: a witness is answered in a thread of its own
            data = self._read(tile_path(level, index))
        return unpack_hashes(data)[at : at + count]

    def _partial(self) -> Iterator[tuple[str, bytes]]:
        for level, tile in enumerate(self._tree.edge):
            if tile:
                index = self._tree.size >> 8 * (level + 1)
                yield tile_path(level, index, len(tile)), pack_hashes(tile)
        if self._bundle:
            index = self._tree.size // TILE_WIDTH
            yield tile_path(ENTRIES, index, len(self._bundle)), pack_entries(self._bundle)

    def _reread(self, root: bytes) -> None:
        """Compute the tree again from what lies on disk now, beginning with the last one signed."""
        tree = Tree(self._fixed_size, self._fixed)
        try:
            for index in range(tree.size // TILE_WIDTH, -(-self._tree.size // TILE_WIDTH)):
                width = min(TILE_WIDTH, self._tree.size - index * TILE_WIDTH)
                entries = unpack_entries(self._read(tile_path(ENTRIES, index, width)))
                fresh = entries[tree.size - index * TILE_WIDTH :]
                for level, number, tile in tree.extend(leaf_hashes(fresh)):
                    self._compare(tile_path(level, number), pack_hashes(tile))
            for level, tile in enumerate(tree.edge):
                if tile:
                    path = tile_path(level, tree.size >> 8 * (level + 1), len(tile))
                    self._compare(path, pack_hashes(tile))
        except (FormatError, OSError) as error:
            raise TrailRefused(f"the trail cannot be read back: {error}") from error
        if tree.size != self._tree.size or tree.root() != root:
            raise TrailRefused("the entries on disk are not those that were written")

    def _compare(self, path: str, data: bytes) -> None:
        if self._read(path) != data:
            raise TrailRefused(f"{path} is not what its entries give")

    def _keep(self, note: str, size: int, now_ns: int) -> str:
        at = datetime.fromtimestamp(now_ns // 1_000_000_000, UTC).isoformat()
        line = json.dumps({"at": at, "size": size, "checkpoint": note})
        path = self._folder / CHECKPOINTS
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            end = os.fstat(descriptor).st_size
            is_whole = end == 0 or os.pread(descriptor, 1, end - 1) == b"\n"
            write_all(descriptor, [(("" if is_whole else "\n") + line + "\n").encode()], end)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        return line

    def _replace(self, name: str, data: bytes) -> None:
        """A file with its name, durable; there is never half of it."""
        self._put([(name, data)])
        sync_folder((self._folder / name).parent)

    def _put(self, files: Sequence[tuple[str, bytes]]) -> None:
        """The same for several, but for their names: sync the folders. Their first sync is one for nearly all of them."""
        with ExitStack() as stack:
            unborn = []
            for name, data in files:
                path = self._folder / name
                make_folder_below(self._folder, path.parent)
                beside = path.with_name(f"{path.name}.unborn")
                descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
                stack.callback(os.close, descriptor)
                write_all(descriptor, [data], 0)
                unborn.append((descriptor, beside, path))
            for descriptor, _, _ in unborn:
                os.fsync(descriptor)
                # What is read back before it is signed comes from the disk, not from memory.
                os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        for _, beside, path in unborn:
            beside.rename(path)

    def _own(self, vkey: bytes) -> None:
        """A log has one key for ever."""
        try:
            found = self._read(PUBLIC_KEY)
        except FileNotFoundError:
            self._replace(PUBLIC_KEY, vkey)
            return
        if found != vkey:
            raise TrailRefused(
                f"{self._folder} was signed by another key than the one in the keys folder: put that "
                "one back, or move the trail away to begin a new log"
            )

    def _read(self, path: str) -> bytes:
        return (self._folder / path).read_bytes()

    def _read_position(self) -> tuple[int, VaultPosition]:
        """Where to go on; the beginning if that is not known."""
        try:
            told = json.loads(self._read(POSITION))
            return int(told["size"]), VaultPosition(str(told["file"]), int(told["offset"]))
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return 0, VAULT_START

    def _read_edge(self, size: int) -> list[list[bytes]]:
        edge: list[list[bytes]] = []
        level = 0
        while size >> 8 * level:
            width = (size >> 8 * level) % TILE_WIDTH
            path = tile_path(level, size >> 8 * (level + 1), width)
            edge.append(self._tile(path) if width else [])
            level += 1
        return edge

    def _tile(self, path: str) -> list[bytes]:
        try:
            return unpack_hashes(self._read(path))
        except (FileNotFoundError, FormatError) as error:
            raise TrailRefused(self._missing(path)) from error

    def _read_bundle(self, size: int) -> list[bytes]:
        if size % TILE_WIDTH == 0:
            return []
        path = tile_path(ENTRIES, size // TILE_WIDTH, size % TILE_WIDTH)
        try:
            return unpack_entries(self._read(path))
        except (FileNotFoundError, FormatError) as error:
            raise TrailRefused(self._missing(path)) from error

    def _missing(self, path: str) -> str:
        return (
            f"{self._folder / path} is not there or damaged: remove {POSITION} beside it, "
            "and the trail is made again from the vault"
        )

    def _read_signed(self, size: int) -> dict[int, bytes]:
        """Roots that were signed at sizes not reached yet."""
        signed: dict[int, bytes] = {}
        for line in _lines_backwards(self._folder / CHECKPOINTS):
            try:
                told = json.loads(line)
                kept = Checkpoint.decode(self._signer.verifier.opened(told["checkpoint"]))
            except (ValueError, KeyError, TypeError, FormatError):
                continue  # a line that a crash cut off, or of another key
            if kept.size <= size:
                break
            signed[kept.size] = kept.root
        return signed


def _lines_backwards(path: Path) -> Iterator[bytes]:
    """The last lines of a file, the last one first: as much of it is read as is asked for."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return
    with file:
        end = file.seek(0, os.SEEK_END)
        rest = b""
        while end > 0:
            start = max(0, end - BLOCK_BYTES)
            file.seek(start)
            first, *lines = (file.read(end - start) + rest).split(b"\n")
            yield from reversed(lines)
            rest, end = first, start
        yield rest


def make_folder_below(top: Path, folder: Path) -> None:
    """Make `folder` and what is between it and `top`, each name durable. Nothing if it is there."""
    if folder != top and not folder.is_dir():
        make_folder(folder)
