"""Reading the vault, in the recorder's process or another: facts in order, one record by reference.

Reads only up to the last commit, so it may run while a recorder appends.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from proxy.errors import FormatError, KeyDestroyed, PositionUnknown
from proxy.journal.format import ExchangeId
from proxy.journal.keys import vault_key
from proxy.journal.slots import Keystore
from proxy.recording.exchange import Exchange, Part
from proxy.recording.facts import ActFact
from proxy.store.fact_rows import FactRows, facts_from_json, row_count
from proxy.store.position import VAULT_START, FactBatch, VaultPosition
from proxy.store.vault.files import Commit, VaultFile, commit_body, day_of, vault_files
from proxy.store.vault.format import (
    REF_OFFSET_DIGITS_MAX,
    Manifest,
    RecordHeader,
    RecordKind,
    Ref,
    SealedPart,
    open_record,
    unpack_box,
)
from proxy.store.vault.keys import FactsKeys
from proxy.store.vault.records import (
    StoredExchange,
    exchange_from_box,
    part_from_box,
    steps_in_box,
    with_parts,
)

BODY_BYTES_MAX: Final = 16 * 1024 * 1024
"""Of each body that `exchange` puts together unless told: as much as is interpreted by default."""
OPEN_FILES_MAX: Final = 16
"""Files kept open for single records: most questions are about recent days."""
BATCH_FACTS_MAX: Final = 50_000
"""Rows of one batch, or those of one commit if that has more: what exchanges have differs by thousands."""
BATCH_ROWS: Final = 1000
"""Exchanges that `follow` gathers for one batch: what DuckDB takes best in one transaction."""
_FACTS: Final = frozenset({RecordKind.FACTS, RecordKind.ACTS})


class VaultReader:
    """Opens records; needs the keys. Not thread-safe."""

    def __init__(
        self,
        folder: Path,
        keystore: Keystore,
        facts_keys: FactsKeys,
        is_condemned: Callable[[ExchangeId], bool] = lambda _: False,
    ) -> None:
        """`folder` is data/vault; of whom `is_condemned` says so is told that it was erased, though its key be there."""
        self._is_condemned = is_condemned
        self._folder = folder
        self._keystore = keystore
        self._facts_keys = facts_keys
        self._files: OrderedDict[str, VaultFile] = OrderedDict()

    def close(self) -> None:
        for file in self._files.values():
            file.close()
        self._files.clear()

    def follow(
        self, position: VaultPosition = VAULT_START, batch_rows: int = BATCH_ROWS
    ) -> Iterator[FactBatch]:
        """Facts of all commits behind `position`, several commits to a batch. Ends at the last commit.

        Facts whose key was destroyed, and what damage took, are told as acts of kind `damage`.

        Raises:
            PositionUnknown: the vault does not know this position: begin again at VAULT_START.
        """
        names = vault_files(self._folder)
        if position != VAULT_START and position.file not in names:
            raise PositionUnknown(
                f"the vault has no file {position.file}: it is not the one followed"
            )
        for name in names:
            if name < position.file:
                continue
            start = position.offset if name == position.file else 0
            yield from self._follow_file(name, start, batch_rows)

    def content(self, ref: str) -> bytes:
        """Content by reference: "<file>:<offset>#<index>" a step, "<file>:<offset>" a media object.

        Raises:
            KeyDestroyed: erased.
            FormatError: no such record, or damaged.
        """
        header, box = self._open(Ref.parse(ref))
        if header.kind is RecordKind.MEDIA:
            return unpack_box(box)[1][0]
        return self._step(ref, self._steps(ref, header, box))

    def steps(self, refs: Iterable[str]) -> Iterator[tuple[str, bytes | None]]:
        """The steps that `refs` name, in their order; a record that several name is opened once.

        None: erased, damaged, or no step.
        """
        opened: tuple[str, list[bytes]] = ("", [])
        for ref in refs:
            record = ref.partition("#")[0]
            try:
                if opened[0] != record:
                    header, box = self._open(Ref.parse(ref))
                    opened = (record, self._steps(ref, header, box))
                yield ref, self._step(ref, opened[1])
            except (KeyDestroyed, FormatError):
                yield ref, None

    def _steps(self, ref: str, header: RecordHeader, box: bytes) -> list[bytes]:
        if header.kind is RecordKind.STEPS:
            return unpack_box(box)[1]
        if header.kind is RecordKind.EXCHANGE:
            return steps_in_box(box)
        raise FormatError(f"{ref[:80]} is a record of kind {header.kind.name}, not content")

    def _step(self, ref: str, steps: Sequence[bytes]) -> bytes:
        _, _, index = ref.partition("#")
        if not index.isdecimal() or len(index) > REF_OFFSET_DIGITS_MAX or int(index) >= len(steps):
            raise FormatError(f"{ref[:80]} names none of the {len(steps)} steps there")
        return steps[int(index)]

    def manifest(self, ref: str) -> tuple[ExchangeId, Manifest]:
        """What raw_ref names; needs no key.

        Raises:
            FormatError: no such record, or damaged.
        """
        header, payload = self._record(Ref.parse(ref))
        if header.kind is not RecordKind.MANIFEST:
            raise FormatError(f"{ref[:80]} is a record of kind {header.kind.name}, no manifest")
        return header.id, Manifest.decode(payload)

    def payload(self, ref: str) -> bytes:
        """A record as it lies there, sealed; needs no key.

        Raises:
            FormatError: no such record, or damaged.
        """
        return self._record(Ref.parse(ref))[1]

    def exchange(self, raw_ref: str, bytes_max: int = BODY_BYTES_MAX) -> Exchange:
        """The recorded exchange: heads, times, cuts, and the first `bytes_max` bytes of each body.

        Raises:
            KeyDestroyed: erased.
            FormatError: no such record, damaged, or not what the manifest's digests say.
        """
        id_, manifest = self.manifest(raw_ref)
        found = [part for part in manifest.parts if part.kind is RecordKind.EXCHANGE]
        if not found:
            raise KeyDestroyed(f"the content of {id_} was never sealed: its key was destroyed")
        stored = self._stored(found[-1].ref, found[-1])
        return with_parts(stored, self._parts(stored), bytes_max)

    def open_exchange(self, ref: Ref, bytes_max: int) -> tuple[StoredExchange, Exchange]:
        """What an OPEN record names: how it stands there, and with its bodies put together.

        Raises: as `exchange`.
        """
        stored = self._stored(ref, None)
        return stored, with_parts(stored, self._parts(stored), bytes_max)

    def _stored(self, ref: Ref, sealed: SealedPart | None) -> StoredExchange:
        header, box = self._open(ref, sealed)
        if header.kind not in (RecordKind.EXCHANGE, RecordKind.OPEN):
            raise FormatError(f"{ref} is a record of kind {header.kind.name}, no exchange")
        return exchange_from_box(header.id, box)

    def _parts(self, stored: StoredExchange) -> Iterator[Part]:
        for sealed in stored.parts:
            header, box = self._open(sealed.ref, sealed)
            yield part_from_box(header.id, box)

    def _open(self, ref: Ref, sealed: SealedPart | None = None) -> tuple[RecordHeader, bytes]:
        header, payload = self._record(ref)
        if sealed is not None and hashlib.sha256(payload).digest() != sealed.digest:
            raise FormatError(f"the record at {ref} is not the one its exchange names")
        if self._is_condemned(header.id):
            raise KeyDestroyed(f"{header.id} was erased: its key is about to be destroyed")
        key = AESGCM(vault_key(self._keystore.key(header.id)))
        return header, open_record(key, header, payload)

    def _record(self, ref: Ref) -> tuple[RecordHeader, bytes]:
        file = self._files.get(ref.file)
        if file is None or ref.offset >= file.size:
            file = self._open_file(ref.file)
        return file.record(ref.offset)

    def _open_file(self, name: str) -> VaultFile:
        stale = self._files.pop(name, None)
        if stale is not None:
            stale.close()
        try:
            file = VaultFile(self._folder / name)
        except FileNotFoundError as error:
            raise FormatError(f"the vault has no file {name}") from error
        self._files[name] = file
        if len(self._files) > OPEN_FILES_MAX:
            self._files.popitem(last=False)[1].close()
        return file

    def _follow_file(self, name: str, start: int, batch_rows: int) -> Iterator[FactBatch]:
        rows = FactRows([], [], [])
        fact_count = 0
        position: VaultPosition | None = None
        with VaultFile(self._folder / name) as file:
            if start > file.size:
                raise PositionUnknown(
                    f"the vault file {name} ends before byte {start}: it was replaced"
                )
            for commit in file.commits(start, _FACTS):
                known = len(rows.exchanges)
                self._read_facts(file, commit, rows)
                fact_count += sum(row_count(one.recording) for one in rows.exchanges[known:])
                position = VaultPosition(name, commit.end)
                if len(rows.exchanges) >= batch_rows or fact_count >= BATCH_FACTS_MAX:
                    yield _batch(rows, position)
                    rows, position, fact_count = FactRows([], [], []), None, 0
        if position is not None:
            yield _batch(rows, position)

    def _read_facts(self, file: VaultFile, commit: Commit, rows: FactRows) -> None:
        """Add what a commit holds. Damage is told, never silently skipped."""
        if commit.damage is not None:
            rows.acts.append(_damage(commit, commit.damage))
        for place in commit.places:
            try:
                header, payload = file.record(place.offset)
                key = self._facts_keys.key(day_of(file.name))
                fresh = facts_from_json(open_record(key, header, payload))
            except (FormatError, KeyDestroyed) as error:
                rows.acts.append(_damage(commit, f"facts at {file.name}:{place.offset}: {error}"))
                continue
            rows.exchanges.extend(fresh.exchanges)
            rows.gaps.extend(fresh.gaps)
            rows.acts.extend(fresh.acts)


def _batch(rows: FactRows, position: VaultPosition) -> FactBatch:
    return FactBatch(tuple(rows.exchanges), tuple(rows.gaps), tuple(rows.acts), position)


def _damage(commit: Commit, detail: str) -> ActFact:
    return ActFact(
        at=commit_body(commit)["at"], kind="damage", worker=None, boot=None, detail=detail
    )
