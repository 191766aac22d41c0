"""The recorder's side of the vault: append what is finished, commit, begin a new file when it is time.

Nothing is committed before `commit` returns. After any error a Vault MUST NOT be used again: the
process ends, and the next one opens the vault at its last commit and reads the journals from there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from proxy.errors import KeyDestroyed
from proxy.journal.format import Codec, ExchangeId
from proxy.journal.keys import vault_key
from proxy.journal.slots import Keystore
from proxy.recording.decision import decision_act
from proxy.recording.exchange import Exchange, Part
from proxy.recording.facts import ActFact, GapFact, MediaObject, Recording
from proxy.recording.group import Carried, Finished
from proxy.recording.secrecy.equality import NO_EQUALITY, Equality
from proxy.recording.secrecy.labels import with_label_index
from proxy.store.erasing.scrubbing import scrubbed
from proxy.store.erasing.tombstones import Tombstones
from proxy.store.erasing.unkept import Unkept, acts_of, facts_alone, unkept_by_policy
from proxy.store.fact_rows import facts_to_json, row_count, without_content
from proxy.store.position import CommittedFacts, FactBatch, VaultPosition
from proxy.store.vault.files import day_of
from proxy.store.vault.format import (
    NOBODY,
    RECORD_BYTES_MAX,
    RECORD_HEADER_BYTES,
    Manifest,
    RecordKind,
    Ref,
    SealedPart,
    Sealer,
    encode_record,
    pack_box,
)
from proxy.store.vault.keys import FactsKeys
from proxy.store.vault.records import exchange_to_box, part_to_box
from proxy.store.vault.state import Cursors, JournalId, VaultState
from proxy.store.vault.tail import VaultTail, commit_record

FILE_BYTES_MAX: Final = 256 * 1024 * 1024
"""A new file is begun beyond this: small enough to walk in 0.2 s when the recorder starts."""
DAY_S: Final = 86_400
DAY_NS: Final = DAY_S * 1_000_000_000
DAYS_NAMED_MAX: Final = 64
"""Of days whose name is remembered: writing one out takes 3 us, and each exchange asks five times."""
FACT_ROWS_PER_RECORD: Final = 8192
"""Rows sealed together: 1 to 2 MB of JSON, which zstd packs ten times better than single exchanges."""
STEPS_INSIDE_BYTES_MAX: Final = 64 * 1024
"""Steps and tails up to this share one sealed record: one seal instead of two, and the steps, which
repeat the response, almost vanish in zstd. Larger steps get a record of their own, so that opening
one step does not open a large body."""
STEPS_BYTES_MAX: Final = RECORD_BYTES_MAX - 1024 * 1024
"""Steps of one exchange that fit a record with their directory. Steps beyond it are stored empty;
the raw response has them."""


class Vault:
    """Open for writing by this process alone. One thread uses it."""

    def __init__(
        self,
        tail: VaultTail,
        state: VaultState,
        *,
        keystore: Keystore,
        facts_keys: FactsKeys,
        now_ns: Callable[[], int],
        file_bytes_max: int = FILE_BYTES_MAX,
    ) -> None:
        self.state = state
        self.tombstones: Tombstones | None = None
        """What was erased: an exchange that tells of it is recorded without its content."""
        self._unkept: list[Unkept] = []
        self.never_stored: Callable[[Recording], str | None] = lambda _: None
        """The policy by which content is not kept; with tombstones alone."""
        self.label_index = NO_EQUALITY
        """By what labels are found."""
        self._tail = tail
        self._keystore = keystore
        self._facts_keys = facts_keys
        self._now_ns = now_ns
        self._file_bytes_max = file_bytes_max
        self._sealer = Sealer()
        self._facts_key = facts_keys.make(day_of(tail.name))
        self._spilled: dict[ExchangeId, list[SealedPart]] = {}
        self._exchanges: list[CommittedFacts] = []
        self._sealed_exchange_count = 0
        self._unsealed_row_count = 0
        self.uncommitted_row_count = 0
        """Rows of the exchanges appended since the last commit."""
        self._gaps: list[GapFact] = []
        self._acts: list[ActFact] = []

    @classmethod
    def open(
        cls,
        folder: Path,
        *,
        keystore: Keystore,
        facts_keys: FactsKeys,
        now_ns: Callable[[], int],
        file_bytes_max: int = FILE_BYTES_MAX,
    ) -> Vault:
        """Open or begin the vault in `folder`; cut off what was not committed, and note it as an act.

        Raises:
            OSError: the disk refused.
            StoreError: the newest file has no whole beginning.
        """
        tail, state, found = VaultTail.open(folder, _day(now_ns()), now_ns())
        vault = cls(
            tail,
            state,
            keystore=keystore,
            facts_keys=facts_keys,
            now_ns=now_ns,
            file_bytes_max=file_bytes_max,
        )
        for kind, detail in found:
            vault.append_act(ActFact(now_ns(), kind, None, None, detail))
        return vault

    @property
    def uncommitted_bytes(self) -> int:
        """Appended since the last commit."""
        return self._tail.uncommitted_bytes

    @property
    def uncommitted_count(self) -> int:
        """Exchanges appended since the last commit."""
        return len(self._exchanges)

    @property
    def position(self) -> VaultPosition:
        """The last commit."""
        return VaultPosition(self._tail.name, self._tail.committed_offset)

    def append_part(self, part: Part) -> None:
        """A piece of an exchange that is still open."""
        key = self._content_key(part.id)
        if key is None:
            return
        spilled = self._spilled.setdefault(part.id, [])
        spilled.append(
            self._append_sealed(key[0], RecordKind.PART, len(spilled), part.id, part_to_box(part))
        )

    def append(self, finished: Finished, recording: Recording) -> CommittedFacts | None:
        """A finished exchange and what it meant. None, and nothing written, if it is there already."""
        exchange = finished.exchange
        if not self.state.finish(exchange.id):
            self._spilled.pop(exchange.id, None)
            return None
        parts = self._spilled.pop(exchange.id, [])
        recording = with_label_index(recording, self.label_index)
        key = self._content_key(exchange.id)
        if self.tombstones is not None and self.tombstones.covers(recording):
            key, recording = None, scrubbed(recording)
            self._unkept.append(Unkept(exchange.id))
        elif (policy := self.never_stored(recording)) is not None:
            self._unkept.append(unkept_by_policy(exchange.id, recording, policy))
            key, recording = None, facts_alone(recording)
        steps_ref: Ref | None = None
        media: list[SealedPart] = []
        commitment = bytes(32)
        if key is not None:
            commitment = key[1]
            media = [
                self._append_media(key[0], exchange.id, len(parts) + index, media_object)
                for index, media_object in enumerate(recording.media)
            ]
            parts += media
            steps_ref = self._append_content(key[0], finished, recording.contents, parts)
        self._append_decision(exchange, recording)
        manifest_ref = self._append_manifest(exchange, commitment, parts)
        committed = CommittedFacts(
            without_content(recording),
            str(steps_ref) if steps_ref and recording.contents else None,
            tuple(str(part.ref) for part in media),
            str(manifest_ref),
        )
        self._take_facts(committed)
        return committed

    def _append_decision(self, exchange: Exchange, recording: Recording) -> None:
        """What a policy decided, told as an act: in the same commit as its exchange."""
        if exchange.decision:
            about, at = recording.exchange.interaction, exchange.ended_wall_ns
            act = decision_act(exchange.decision, str(exchange.id), about, at)
            self._acts += [act] if act is not None else []

    def append_open(self, carried: Carried) -> None:
        """An exchange that is still open, as far as it was taken: its journal may go up to there."""
        id_ = carried.exchange.id
        key = self._content_key(id_)
        if key is None:
            return
        parts = self._spilled.get(id_, [])
        box = exchange_to_box(carried.exchange, carried.tails, parts, (), carried.next_ordinal)
        sealed = self._append_sealed(key[0], RecordKind.OPEN, len(parts), id_, box)
        self.state.carry(id_, sealed.ref)

    def resume(self, id_: ExchangeId, parts: tuple[SealedPart, ...]) -> None:
        """An earlier recorder spilled these parts of an exchange it carried."""
        self._spilled[id_] = list(parts)

    def append_gap(self, gap: GapFact) -> None:
        self._gaps.append(gap)

    def append_act(self, act: ActFact) -> None:
        self._acts.append(act)

    def commit(self, cursors: Mapping[JournalId, Cursors]) -> FactBatch:
        """Make everything appended durable, together with how far the journals were taken.

        Returns: what was committed, for the followers.

        Raises:
            OSError: the disk refused. Do not use this vault again.
        """
        self._seal_facts()
        self._note_unkept()
        if self._gaps or self._acts:
            self._append_facts_box(RecordKind.ACTS, facts_to_json((), self._gaps, self._acts))
        now_ns = self._now_ns()
        self.state.move(dict(cursors))
        self._tail.commit(commit_record(self.state, now_ns))
        self.destroy_unkept()
        self._begin_file_if_due(now_ns)
        # Behind the start of a new file, too: who waits for the last commit must not wait for the next one.
        batch = FactBatch(
            tuple(self._exchanges), tuple(self._gaps), tuple(self._acts), self.position
        )
        self._exchanges, self._gaps, self._acts = [], [], []
        self._sealed_exchange_count = 0
        self.uncommitted_row_count = 0
        return batch

    def destroy_unkept(self) -> None:
        """Destroy the keys of what told of something erased; also what an earlier recorder left of it."""
        if self.tombstones is None or not self.tombstones.unkept:
            return
        noted = [ExchangeId.parse(name) for name in self.tombstones.unkept]
        # What is not in the vault yet comes again from its journal, and is noted again.
        missing = self._keystore.destroy(id_ for id_ in noted if not self._comes_again(id_))
        self.tombstones.unkept_are_gone(missing)

    def _comes_again(self, id_: ExchangeId) -> bool:
        is_followed = JournalId(id_.worker, id_.boot) in self.state.cursors
        return is_followed and not self.state.is_done(id_)

    def _note_unkept(self) -> None:
        unkept, self._unkept = self._unkept, []
        if self.tombstones is None or not unkept:
            return
        created = [name for each in unkept for name in each.created]
        self.tombstones.note_unkept([each.exchange for each in unkept], created)
        for act in acts_of(unkept, self._now_ns()):
            self.append_act(act)

    def close(self) -> None:
        """What was not committed is lost, as it would be in a crash."""
        self._tail.close()

    def _content_key(self, id_: ExchangeId) -> tuple[AESGCM, bytes] | None:
        """The key that seals an exchange here, and its commitment. None: it was destroyed."""
        try:
            key = vault_key(self._keystore.key(id_))
        except KeyDestroyed:
            return None
        return AESGCM(key), hashlib.sha256(b"commit" + key).digest()

    def _append_sealed(
        self, key: AESGCM, kind: RecordKind, ordinal: int, id_: ExchangeId, box: bytes
    ) -> SealedPart:
        record = self._sealer.seal(key, kind, ordinal, id_, box)
        digest = hashlib.sha256(memoryview(record)[RECORD_HEADER_BYTES:]).digest()
        ref = self._tail.append(record)
        return SealedPart(kind, ref, len(record) - RECORD_HEADER_BYTES, digest)

    def _append_media(
        self, key: AESGCM, id_: ExchangeId, ordinal: int, media: MediaObject
    ) -> SealedPart:
        box = pack_box({"mime_type": media.mime_type}, (media.data,))
        return self._append_sealed(key, RecordKind.MEDIA, ordinal, id_, box)

    def _append_content(
        self,
        key: AESGCM,
        finished: Finished,
        contents: tuple[bytes, ...],
        parts: list[SealedPart],
    ) -> Ref:
        """The exchange and its steps, in one record or two; returns the one with the steps."""
        exchange, tails = finished.exchange, finished.tails
        spilled = [part for part in parts if part.kind is RecordKind.PART]
        size = sum(map(len, contents)) + sum(len(part.data) for part in tails)
        if size <= STEPS_INSIDE_BYTES_MAX:
            box = exchange_to_box(exchange, tails, spilled, contents)
            parts.append(
                self._append_sealed(key, RecordKind.EXCHANGE, len(parts), exchange.id, box)
            )
            return parts[-1].ref
        box = pack_box({}, _fitting(contents))
        steps = self._append_sealed(key, RecordKind.STEPS, len(parts), exchange.id, box)
        parts.append(steps)
        box = exchange_to_box(exchange, tails, spilled)
        parts.append(self._append_sealed(key, RecordKind.EXCHANGE, len(parts), exchange.id, box))
        return steps.ref

    def _append_manifest(
        self, exchange: Exchange, commitment: bytes, parts: list[SealedPart]
    ) -> Ref:
        manifest = Manifest(
            exchange.outcome,
            exchange.has_lost_frames,
            exchange.ended_wall_ns // 1_000_000_000,
            commitment,
            tuple(parts),
        )
        ordinal = len(parts)
        return self._tail.append(
            encode_record(RecordKind.MANIFEST, Codec.PLAIN, ordinal, exchange.id, manifest.encode())
        )

    def _take_facts(self, committed: CommittedFacts) -> None:
        self._exchanges.append(committed)
        recording = committed.recording
        rows = row_count(recording)
        self.uncommitted_row_count += rows
        self._unsealed_row_count += rows
        if self._unsealed_row_count >= FACT_ROWS_PER_RECORD:
            self._seal_facts()

    def equality(self, wall_ns: int) -> Equality:
        """What compares records of that instant's UTC day; today has a key before its first commit."""
        day = _day(wall_ns)
        found = self._facts_keys.equality(day)
        if found is NO_EQUALITY and day == _day(self._now_ns()):
            self._facts_keys.make(day)
            found = self._facts_keys.equality(day)
        return found

    def _seal_facts(self) -> None:
        fresh = self._exchanges[self._sealed_exchange_count :]
        if fresh:
            self._append_facts_box(RecordKind.FACTS, facts_to_json(fresh))
        self._sealed_exchange_count = len(self._exchanges)
        self._unsealed_row_count = 0

    def _append_facts_box(self, kind: RecordKind, box: bytes) -> None:
        self._tail.append(self._sealer.seal(self._facts_key, kind, 0, NOBODY, box))

    def _begin_file_if_due(self, now_ns: int) -> None:
        """Between two commits only, so that a file ends with a commit."""
        day = max(_day(now_ns), day_of(self._tail.name))  # a clock set back changes nothing
        if day == day_of(self._tail.name) and self.position.offset < self._file_bytes_max:
            return
        self._tail.begin_file(day, self.state, now_ns)
        self._facts_key = self._facts_keys.make(day)


def _day(now_ns: int) -> str:
    return _day_name(now_ns // DAY_NS)


@lru_cache(maxsize=DAYS_NAMED_MAX)
def _day_name(number: int) -> str:
    return datetime.fromtimestamp(number * DAY_S, UTC).strftime("%Y%m%d")


def _fitting(contents: tuple[bytes, ...]) -> list[bytes]:
    """The steps, those that do not fit one record replaced by nothing."""
    room = STEPS_BYTES_MAX
    fitting = []
    for content in contents:
        room -= len(content)
        fitting.append(content if room >= 0 else b"")
    return fitting
