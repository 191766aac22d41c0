"""A disk as it may be found after the power went: what was synced, and any part of what was not. Pure.

Weaker than any real file system, on purpose. Nothing but `fsync` makes a file's bytes durable, nothing but `fsync` of the
folder a name in it; syncing one says nothing about the other. What is not synced may be there or
not, sector by sector, in any order; a size may be old while bytes are new, and the other way round.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Final, NamedTuple

SECTORS: Final = (512, 4096)
"""What a disk writes at once, and what a page cache does."""
GARBAGE_CHANCE: Final = 0.1
"""Of bytes that a size covers, but nobody wrote: mostly zeros, seldom what was there before."""

Thing = int | str
"""A file by a number of its own, never used twice; a folder by its path from the root, "" the root."""


class Write(NamedTuple):
    """Bytes were handed to the kernel."""

    file: int
    offset: int
    data: bytes


class Resize(NamedTuple):
    """A file was cut, or (is_allocation) given room that reads as zeros."""

    file: int
    size: int
    is_allocation: bool


class Synced(NamedTuple):
    """fsync or fdatasync of a file returned without error."""

    file: int


class SyncRefused(NamedTuple):
    """It returned an error. What was written before is durable or not, and no later sync changes that."""

    file: int


class Renamed(NamedTuple):
    """Names in one folder changed together: made, moved, or (None) removed."""

    folder: str
    names: tuple[tuple[str, Thing | None], ...]


class FolderSynced(NamedTuple):
    """fsync of a folder returned."""

    folder: str


class Mark(NamedTuple):
    """Nothing for the disk: what the writer knew at this moment."""

    what: str
    about: tuple[object, ...]


Event = Write | Resize | Synced | SyncRefused | Renamed | FolderSynced | Mark


class Mood(enum.Enum):
    """How a disk treats what was not synced."""

    NOTHING = "nothing of it"
    ALL = "all of it"
    SOME = "some of it"
    ALL_BUT_ONE = "all but one write"
    ONLY_ONE = "only one write"
    TORN = "the last write up to some sector"
    BACKWARDS = "the last write from some sector on, and nothing before it"


class Choice(NamedTuple):
    """One fate of everything that was not synced. Everything else follows from the seed."""

    files: Mood
    names: Mood
    sector: int
    seed: str


def some_choice(seed: str) -> Choice:
    random = Random(seed)
    return Choice(
        random.choice(list(Mood)),
        random.choice([Mood.NOTHING, Mood.ALL, Mood.SOME, Mood.ALL_BUT_ONE, Mood.TORN]),
        random.choice(SECTORS),
        seed,
    )


@dataclass(slots=True)
class _File:
    durable: bytearray = field(default_factory=bytearray)
    allocated: int = 0
    """Bytes up to here read as zeros where nobody wrote."""
    pending: list[Write | Resize] = field(default_factory=list)
    limbo: int = 0
    """So many of the first pending ones no sync makes durable."""


@dataclass(slots=True)
class _Folder:
    durable: dict[str, Thing] = field(default_factory=dict)
    pending: list[Renamed] = field(default_factory=list)


class Disk:
    """What the events so far left."""

    def __init__(self) -> None:
        self._files: dict[int, _File] = {}
        self._folders: dict[str, _Folder] = {"": _Folder()}

    def apply(self, event: Event) -> None:
        match event:
            case Write(file) | Resize(file):
                self._file(file).pending.append(event)
            case Synced(file):
                _settle(self._file(file))
            case SyncRefused(file):
                one = self._file(file)
                one.limbo = len(one.pending)
            case Renamed(folder):
                self._folder(folder).pending.append(event)
            case FolderSynced(path):
                one_folder = self._folder(path)
                for renamed in one_folder.pending:
                    _rename(one_folder.durable, renamed)
                one_folder.pending.clear()
            case Mark():
                pass

    @property
    def unsynced_count(self) -> int:
        """How much the next power loss may take."""
        in_files = sum(len(file.pending) for file in self._files.values())
        return in_files + sum(len(folder.pending) for folder in self._folders.values())

    def image(self, choice: Choice) -> dict[str, bytes | None]:
        """Path from the root: content, of a file; None, of a folder. Folders stand before their files."""
        random = Random(choice.seed)
        found: dict[str, bytes | None] = {}
        self._walk("", choice, random, found)
        return found

    def _walk(
        self, path: str, choice: Choice, random: Random, found: dict[str, bytes | None]
    ) -> None:
        for name, thing in sorted(_names(self._folder(path), choice, random).items()):
            place = f"{path}/{name}" if path else name
            if isinstance(thing, str):
                found[place] = None
                self._walk(thing, choice, random, found)
            else:
                found[place] = _content(self._file(thing), choice, random)

    def _file(self, file: int) -> _File:
        return self._files.setdefault(file, _File())

    def _folder(self, path: str) -> _Folder:
        return self._folders.setdefault(path, _Folder())


def _settle(file: _File) -> None:
    """Everything pending becomes durable, but for what an earlier sync refused."""
    for event in file.pending[file.limbo :]:
        if isinstance(event, Write):
            _write(file.durable, event.offset, event.data)
        elif event.is_allocation:
            file.durable.extend(bytes(max(event.size - len(file.durable), 0)))
            file.allocated = max(file.allocated, event.size)
        else:
            del file.durable[event.size :]
    del file.pending[file.limbo :]


def _write(content: bytearray, offset: int, data: bytes) -> None:
    content.extend(bytes(max(offset - len(content), 0)))
    content[offset : offset + len(data)] = data


def _rename(names: dict[str, Thing], renamed: Renamed) -> None:
    for name, thing in renamed.names:
        if thing is None:
            names.pop(name, None)
        else:
            names[name] = thing


def _names(folder: _Folder, choice: Choice, random: Random) -> Mapping[str, Thing]:
    names = dict(folder.durable)
    count = len(folder.pending)
    one = random.randrange(count) if count else 0
    for place, renamed in enumerate(folder.pending):
        is_kept = {
            Mood.NOTHING: False,
            Mood.ALL: True,
            Mood.ALL_BUT_ONE: place != one,
            Mood.TORN: place < one,
        }.get(choice.names, random.random() < 0.5)
        if is_kept:
            _rename(names, renamed)
    return names


def _content(file: _File, choice: Choice, random: Random) -> bytes:
    if not file.pending:
        return bytes(file.durable)
    content = bytearray(file.durable)
    size, allocated = _size(file, choice, random)
    written = [event for event in file.pending if isinstance(event, Write)]
    kept = _kept(written, choice, random)
    rank: dict[int, int] = {}
    filled: set[int] = set()
    for event in written:
        for start, piece in _pieces(event, choice.sector):
            sector = start // choice.sector
            rank[sector] = rank.get(sector, -1) + 1
            if rank[sector] < kept.get(sector, 0):
                _write(content, start, piece)
                filled.add(sector)
    content.extend(bytes(max(size - len(content), 0)))
    del content[size:]
    if size > allocated and random.random() < GARBAGE_CHANCE:
        _spoil(content, range(allocated, size), filled, choice.sector, random)
    return bytes(content)


def _size(file: _File, choice: Choice, random: Random) -> tuple[int, int]:
    """A size that the file had since it was synced, and up to where it had been given zeros."""
    size, allocated = len(file.durable), max(file.allocated, len(file.durable))
    had = [(size, allocated)]
    for event in file.pending:
        if isinstance(event, Write):
            size = max(size, event.offset + len(event.data))
        elif event.is_allocation:
            size, allocated = max(size, event.size), max(allocated, event.size)
        else:
            size = event.size
        had.append((size, allocated))
    if choice.files is Mood.NOTHING:
        return had[0]
    if choice.files is Mood.ALL:
        return had[-1]
    return random.choice((had[0], had[-1], had[-1], random.choice(had)))


def _kept(written: list[Write], choice: Choice, random: Random) -> dict[int, int]:
    """Of each sector: how many of the writes to it reached the disk. A later one holds the earlier ones."""
    touched: dict[int, list[int]] = {}
    for number, event in enumerate(written):
        for start, _ in _pieces(event, choice.sector):
            touched.setdefault(start // choice.sector, []).append(number)
    if not written:
        return {}
    one = random.randrange(len(written))
    last = sorted(start // choice.sector for start, _ in _pieces(written[-1], choice.sector))
    cut = random.choice(last) if last else 0

    def count(sector: int, numbers: list[int]) -> int:
        is_last = numbers[-1] == len(written) - 1
        match choice.files:
            case Mood.NOTHING:
                return 0
            case Mood.ALL:
                return len(numbers)
            case Mood.SOME:
                return random.randint(0, len(numbers))
            case Mood.ALL_BUT_ONE:
                return numbers.index(one) if one in numbers else len(numbers)
            case Mood.ONLY_ONE:
                return numbers.index(one) + 1 if one in numbers else 0
            case Mood.TORN:
                return len(numbers) - (is_last and sector >= cut)
            case Mood.BACKWARDS:
                return len(numbers) if is_last and sector >= cut else 0

    return {sector: count(sector, numbers) for sector, numbers in touched.items()}


def _pieces(event: Write, sector: int) -> list[tuple[int, bytes]]:
    """A write as the sectors it touches: (offset in the file, bytes)."""
    pieces = []
    start, end = event.offset, event.offset + len(event.data)
    while start < end:
        stop = min(end, (start // sector + 1) * sector)
        pieces.append((start, event.data[start - event.offset : stop - event.offset]))
        start = stop
    return pieces


def _spoil(
    content: bytearray, exposed: range, filled: set[int], sector: int, random: Random
) -> None:
    for start in range(exposed.start, exposed.stop, sector):
        stop = min(exposed.stop, (start // sector + 1) * sector)
        if start // sector not in filled and not any(content[start:stop]):
            content[start:stop] = random.randbytes(stop - start)
