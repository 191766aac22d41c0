"""A data folder with keys and a vault, and exchanges to put in. The clock stands still unless moved."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from proxy.journal.keys import MasterKey
from proxy.journal.slots import Keystore, SlotFile
from proxy.recording.facts import MediaObject, Recording
from proxy.recording.group import ExchangeGroup, Finished
from proxy.store.position import CommittedFacts, FactBatch
from proxy.store.vault.keys import FactsKeys
from proxy.store.vault.reader import VaultReader
from proxy.store.vault.state import Cursors, JournalId
from proxy.store.vault.writer import FILE_BYTES_MAX, Vault
from tests.recording.frames import Play
from tests.store.samples import recording, step

MASTER = MasterKey(bytes(range(32)))
NOON_NS = 1_795_003_200_000_000_000
"""2026-11-18 12:00:00 UTC."""
DAY_NS = 86_400 * 1_000_000_000
JOURNAL = JournalId(0, 7)
KEEP = 16 * 1024 * 1024
CURSORS = {JOURNAL: Cursors((0, 0), (0, 0))}


@dataclass(slots=True)
class VaultFolder:
    """`folder` is the data folder."""

    folder: Path
    clock_ns: int = NOON_NS

    def make_keys(self) -> None:
        slots = SlotFile.create(self.folder / "keys" / "slots", MASTER, *JOURNAL)
        slots.ensure(1)
        slots.close()

    def keystore(self) -> Keystore:
        return Keystore(self.folder / "keys" / "slots", MASTER)

    def facts_keys(self) -> FactsKeys:
        return FactsKeys(self.folder / "keys" / "facts", MASTER)

    def open(self, file_bytes_max: int = FILE_BYTES_MAX) -> Vault:
        return Vault.open(
            self.folder / "vault",
            keystore=self.keystore(),
            facts_keys=self.facts_keys(),
            now_ns=lambda: self.clock_ns,
            file_bytes_max=file_bytes_max,
        )

    def reader(self) -> VaultReader:
        return VaultReader(self.folder / "vault", self.keystore(), self.facts_keys())

    def files(self) -> list[str]:
        return sorted(path.name for path in (self.folder / "vault").iterdir())

    def told(self) -> FactBatch:
        """All facts in the vault, as one batch."""
        batches = list(self.reader().follow(batch_rows=1_000_000))
        return FactBatch(
            tuple(one for batch in batches for one in batch.exchanges),
            tuple(one for batch in batches for one in batch.gaps),
            tuple(one for batch in batches for one in batch.acts),
            batches[-1].position,
        )


def finished(sequence: int, body: bytes = b"question", answer: bytes = b"reply") -> Finished:
    play = Play(*JOURNAL)
    (one,) = ExchangeGroup(KEEP).take(play.frame(sequence, *play.whole(body, answer)))
    assert isinstance(one, Finished)
    return one


def meant(sequence: int, contents: tuple[bytes, ...] = (), media: bytes | None = None) -> Recording:
    """What the exchange of that sequence meant: a step for each content."""
    steps = tuple(step("text", index, content_index=index) for index in range(len(contents)))
    media_objects = () if media is None else (MediaObject("image/png", media),)
    return replace(recording(sequence, steps=steps), contents=contents, media=media_objects)


def append(
    vault: Vault, sequence: int, *contents: bytes, media: bytes | None = None
) -> CommittedFacts:
    committed = vault.append(finished(sequence), meant(sequence, contents, media))
    assert committed is not None
    return committed
