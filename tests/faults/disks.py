"""Small disks of their own, to be filled: a tmpfs, or ext4 in an image file."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

MIB: Final = 1024 * 1024
DISK_BYTES: Final = 256 * MIB
BLOCK_BYTES: Final = 4096


@dataclass(frozen=True, slots=True)
class Disk:
    """A mounted disk; `folder` is its top."""

    folder: Path

    @property
    def free_bytes(self) -> int:
        status = os.statvfs(self.folder)
        return status.f_bavail * status.f_frsize

    @property
    def _filler(self) -> Path:
        return self.folder / "filler"

    def fill(self, leave_bytes: int) -> None:
        """Take all room but so much. With 0 not one more block can be had."""
        assert os.path.ismount(self.folder), "only a disk of our own is ever filled"
        descriptor = os.open(self._filler, os.O_RDWR | os.O_CREAT, 0o600)
        piece = DISK_BYTES // 4
        try:
            while piece >= BLOCK_BYTES and (free := self.free_bytes) > leave_bytes:
                try:
                    size = min(piece, max(free - leave_bytes, BLOCK_BYTES))
                    os.posix_fallocate(descriptor, os.fstat(descriptor).st_size, size)
                except OSError:
                    piece //= 2  # others take room, too
        finally:
            os.close(descriptor)

    def free_up(self) -> None:
        self._filler.unlink()


@contextmanager
def small_disk(folder: Path, kind: str) -> Iterator[Disk]:
    """A disk of DISK_BYTES at `folder`, which is made; gone at the end of the block."""
    folder.mkdir(parents=True)
    if kind == "tmpfs":
        _run("mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES},mode=700", "tmpfs", str(folder))
    else:
        image = folder.with_suffix(".img")
        with image.open("wb") as file:
            file.truncate(DISK_BYTES)
        _run("mkfs.ext4", "-q", "-m", "0", str(image))
        _run("mount", "-o", "loop", str(image), str(folder))
    try:
        yield Disk(folder)
    finally:
        _run("umount", "--lazy", str(folder))


def _run(*command: str) -> None:
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, "PATH": path})
