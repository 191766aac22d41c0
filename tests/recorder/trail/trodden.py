"""A vault with exchanges and acts, and the trail that follows it. Clocks stand still unless moved."""

from __future__ import annotations

import json
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from proxy.journal.format import ExchangeId
from proxy.journal.slots import SlotFile
from proxy.reading.verifying.verifier import main
from proxy.recorder.trail.files import TrailFiles
from proxy.recorder.trail.follow import TrailFollower
from proxy.recording.facts import ActFact, GapFact
from proxy.store.position import VaultPosition
from proxy.store.vault.state import Cursors
from tests.store.vault.built import CURSORS, JOURNAL, MASTER, NOON_NS, VaultFolder, finished, meant

SECOND = 1_000_000_000
CLOSED = {JOURNAL: Cursors((0, 0), (0, 0), 0, is_closed=True)}
BOOT = f"{JOURNAL.boot:016x}"


@dataclass(slots=True)
class Trodden:
    """`vault.folder` is the data folder."""

    vault: VaultFolder
    mono_ns: int = 0
    lines: list[str] = field(default_factory=list)
    """What was given away."""
    told: list[ActFact] = field(default_factory=list)
    sequence: int = 0

    @property
    def folder(self) -> Path:
        return self.vault.folder

    @property
    def trail(self) -> Path:
        return self.folder / "trail"

    def make_keys(self, count: int = 1000) -> None:
        """Slots for so many exchanges."""
        slots = SlotFile.create(self.folder / "keys" / "slots", MASTER, *JOURNAL)
        slots.ensure(count)
        slots.close()

    def record(self, *commits: int, is_closed: bool = False, file_bytes_max: int = 1 << 28) -> None:
        """So many exchanges in each commit; with the last one a gap and acts, and the worker ends."""
        vault = self.vault.open(file_bytes_max)
        for count in commits:
            for _ in range(count):
                self.sequence += 1
                text = b"the answer %d" % self.sequence
                vault.append(finished(self.sequence), meant(self.sequence, (text,)))
            vault.commit(CURSORS)
        vault.append_act(ActFact(NOON_NS, "mode", 0, BOOT, "strict: asked"))
        vault.append_act(ActFact(NOON_NS, "hold", None, None, "kept for the court", actor="ada"))
        vault.append_gap(GapFact(NOON_NS, 0, BOOT, 2, 10, NOON_NS, NOON_NS, "the disk was full"))
        vault.commit(CLOSED if is_closed else CURSORS)
        vault.close()

    def follower(self, durable: VaultPosition | None = None) -> TrailFollower:
        return TrailFollower(
            self.folder,
            self.vault.facts_keys(),
            self._tell,
            self._give,
            now_ns=lambda: self.vault.clock_ns,
            mono_ns=lambda: self.mono_ns,
            began=durable,
        )

    def follow(self) -> TrailFollower:
        """One start, one stop: everything is taken and signed."""
        follower = self.follower()
        follower.start()
        follower.stop()
        return follower

    def erase(self, *sequences: int) -> None:
        """Destroy keys and say so, as an erasure does."""
        self.destroy(*sequences)
        self.tell("erased", {"exchanges": [f"x0-{BOOT}-{one}" for one in sequences]})

    def tell(self, kind: str, data: dict[str, Any]) -> None:
        """One act, committed."""
        vault = self.vault.open()
        act = ActFact(NOON_NS, kind, None, None, "said", actor="recorder", data=json.dumps(data))
        vault.append_act(act)
        vault.commit(CURSORS)
        vault.close()

    def destroy(self, *sequences: int) -> None:
        """Nobody says so."""
        keystore = self.vault.keystore()
        keystore.destroy(ExchangeId(*JOURNAL, one) for one in sequences)
        keystore.close()

    def hold(self, name: str = "held") -> Path:
        """The last checkpoint, in the hands of somebody else."""
        path = self.folder / name
        path.write_text(self.lines[-1], "utf-8")
        return path

    def arguments(self, since: Path | None = None, *, has_vault: bool = True) -> list[str]:
        told = ["--trail", str(self.trail), "--vkey", str(self.trail / "trail.vkey"), "--json"]
        if since is not None:
            told += ["--since", str(since)]
        if has_vault:
            told += ["--vault", str(self.folder / "vault")]
            told += ["--keys", str(self.folder / "keys" / "slots")]
        return told

    def leaves(self) -> list[dict[str, Any]]:
        """Those that are signed."""
        from proxy.audit.trail.tiles import unpack_entries

        size = json.loads(self.lines[-1])["size"]
        found: list[dict[str, Any]] = []
        bundles = [path for path in (self.trail / "tile" / "entries").rglob("*") if path.is_file()]
        for path in sorted(bundles, key=lambda one: (str(one).partition(".p/")[0], int(one.name))):
            entries = [json.loads(one) for one in unpack_entries(path.read_bytes())]
            index = int(path.parent.name.removesuffix(".p") if ".p" in str(path) else path.name)
            found = found[: index * 256] + entries
        assert len(found) == size
        return found

    def _tell(self, acts: Any) -> Future[VaultPosition]:
        self.told += acts
        return Future()

    def _give(self, line: str, files: TrailFiles) -> None:
        assert files.pending_count == 0
        self.lines.append(line)


def verified(arguments: list[str], capsys: Any) -> dict[str, Any]:
    """What the verifier says."""
    code = main(arguments)
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert code == (1 if told["faults"] else 0)
    return told
