"""A data folder with living and dead workers, and the recorder's parts on it. Clocks stand still."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

from proxy.config.catalogue import Settings
from proxy.config.load import dump_resolved
from proxy.journal.format import (
    ExchangeEnd,
    ExchangeId,
    Gap,
    IntentHead,
    Kind,
    Mode,
    Outcome,
    RequestEnd,
)
from proxy.journal.seal import QueuedEntry
from proxy.journal.slots import Keystore
from proxy.recorder.follow import Follower
from proxy.recorder.pipeline import Pipeline
from proxy.recorder.server import RecorderSettings, open_reader
from proxy.recording.group import ExchangeGroup
from proxy.store.position import VAULT_START, FactBatch
from proxy.store.vault.keys import FactsKeys
from proxy.store.vault.reader import VaultReader
from proxy.store.vault.writer import Vault
from tests.journal.written import BOOT, MASTER, WORKER, entry, still_ns

KEEP = 16 * 1024 * 1024
BOOT_TEXT = f"{BOOT:016x}"
HEAD = b"POST /v1beta/interactions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\r\n"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"


def begun(sequence: int, body: bytes = b'{"model":"m","input":"hi"}') -> list[QueuedEntry]:
    intent = IntentHead(1, 0, 50_000, "127.0.0.1", Mode.STRICT, HEAD)
    return [
        entry(sequence, Kind.INTENT, intent.encode()),
        entry(sequence, Kind.REQUEST_CHUNK, body),
        entry(sequence, Kind.REQUEST_END, RequestEnd(len(body), b"").encode()),
    ]


def chunk(sequence: int, data: bytes) -> QueuedEntry:
    return entry(sequence, Kind.RESPONSE_CHUNK, data)


def ended(sequence: int, size: int = 0) -> list[QueuedEntry]:
    return [entry(sequence, Kind.END, ExchangeEnd(Outcome.COMPLETE, size, "").encode())]


def answered(sequence: int, answer: bytes | None = None) -> list[QueuedEntry]:
    body = reply(sequence) if answer is None else answer
    head = entry(sequence, Kind.RESPONSE_HEAD, ANSWER)
    return [head, chunk(sequence, body), *ended(sequence, len(body))]


def whole(sequence: int) -> list[QueuedEntry]:
    return [*begun(sequence), *answered(sequence)]


def reply(sequence: int) -> bytes:
    step = {"type": "model_output", "content": [{"type": "text", "text": f"reply {sequence}"}]}
    about = {"id": f"v1_{sequence}", "status": "completed", "model": "m", "steps": [step]}
    return json.dumps(about).encode()


def gap(count: int) -> QueuedEntry:
    return entry(0, Kind.GAP, Gap(count, 10, 1, 2, "the disk was full").encode())


def mode(now: Mode) -> QueuedEntry:
    return entry(0, Kind.MODE, bytes([now]) + b"asked")


def name(sequence: int) -> str:
    return str(ExchangeId(WORKER, BOOT, sequence))


@dataclass(slots=True)
class Scene:
    """One data folder; `folder` holds keys, journal, run, vault."""

    folder: Path
    handed: list[FactBatch] = field(default_factory=list)
    """What the pipeline handed on."""

    def settings(self) -> RecorderSettings:
        master = self.folder / "keys" / "master.key"
        master.parent.mkdir(exist_ok=True)
        master.write_bytes(MASTER.secret)
        return RecorderSettings(
            data_folder=self.folder, master_key_file=master, batch_rows=50, batch_ms=1
        )

    def settings_file(self) -> Path:
        self.settings()
        path = self.folder / "run" / "settings.json"
        path.parent.mkdir(exist_ok=True)
        dump_resolved(Settings(data_folder=self.folder), path)
        return path

    def keystore(self) -> Keystore:
        return Keystore(self.folder / "keys" / "slots", MASTER)

    def vault(self) -> Vault:
        return Vault.open(
            self.folder / "vault",
            keystore=self.keystore(),
            facts_keys=FactsKeys(self.folder / "keys" / "facts", MASTER),
            now_ns=still_ns,
        )

    def pipeline(self, *, kept_segments: int = 4, interpret_bytes_max: int = KEEP) -> Pipeline:
        """A recorder's pipeline as it starts: goes on from the vault's last commit."""
        vault = self.vault()
        pipeline = Pipeline(
            vault=vault,
            follower=Follower(self.folder, self.keystore(), vault.state.cursors),
            group=ExchangeGroup(interpret_bytes_max),
            hand_on=self.handed.append,
            now_ns=still_ns,
            mono_ns=still_ns,
            kept_segments=kept_segments,
        )
        pipeline.restore(self.reader(), interpret_bytes_max)
        return pipeline

    def reader(self) -> VaultReader:
        return open_reader(self.settings())

    def told(self) -> FactBatch:
        """All facts in the vault."""
        batches = list(self.reader().follow(VAULT_START, 1_000_000))
        return FactBatch(
            tuple(one for batch in batches for one in batch.exchanges),
            tuple(one for batch in batches for one in batch.gaps),
            tuple(one for batch in batches for one in batch.acts),
            batches[-1].position,
        )

    def outcomes(self) -> dict[str, str]:
        """Exchange: outcome, of all exchanges in the vault; fails if one is there twice."""
        facts = [one.recording.exchange for one in self.told().exchanges]
        found = {fact.exchange: fact.outcome for fact in facts}
        assert len(found) == len(facts)
        return found

    def segments(self) -> list[str]:
        return sorted(path.name for path in self.folder.glob("journal/w*/*.seg"))

    def pages(self) -> list[str]:
        return sorted(path.name for path in self.folder.glob("run/*.page"))
