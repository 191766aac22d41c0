"""A power loss and the start after it: an image laid out as a folder, recovered by the real parts, read back."""

from __future__ import annotations

import contextlib
import shutil
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import duckdb

from proxy.errors import KeyDestroyed, ProxyError
from proxy.journal.keys import MasterKey
from proxy.journal.slots import Keystore
from proxy.recorder.follow import Follower
from proxy.recorder.pipeline import Pipeline
from proxy.recorder.server import RecorderSettings, open_reader
from proxy.recorder.tables import TablesFollower
from proxy.recording.group import ExchangeGroup
from proxy.store.database import Database
from proxy.store.position import VAULT_START, CommittedFacts
from proxy.store.vault.keys import FactsKeys
from proxy.store.vault.reader import VaultReader
from proxy.store.vault.writer import Vault
from tests.crash_states.account import Found
from tests.crash_states.run import KEEP_BYTES, VAULT_FILE_BYTES
from tests.crash_states.tables import FILE
from tests.journal.written import still_ns

ROUNDS_MAX: Final = 40
"""Far more than there are segments: damage costs a round for each."""
WITHIN_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Recovered:
    """What stands in the vault after everything was taken."""

    exchanges: list[Found]
    notes: Counter[str]
    """Gaps and changes of mode."""
    damage: list[str]
    """What the recorder calls damage; an image never has any that matters, but may look like it."""
    count: int
    """Exchanges recorded since the vault began, as the vault counts."""


def lay_out(image: Mapping[str, bytes | None], folder: Path) -> None:
    folder.mkdir()
    for path, content in image.items():
        if content is None:
            (folder / path).mkdir(mode=0o700)
        else:
            (folder / path).write_bytes(content)


def recover(folder: Path) -> Recovered:
    """Start as a recorder does, take everything, read it back.

    Raises:
        ProxyError, OSError: whatever stops a start.
        AssertionError: it never comes to an end.
    """
    settings = RecorderSettings(data_folder=folder, master_key_file=folder / "keys" / "master.key")
    keys = Keystore(folder / "keys" / "slots", MasterKey.load_or_create(settings.master_key_file))
    vault = Vault.open(
        folder / "vault",
        keystore=keys,
        facts_keys=FactsKeys(
            folder / "keys" / "facts", MasterKey.load_or_create(settings.master_key_file)
        ),
        now_ns=still_ns,
        file_bytes_max=VAULT_FILE_BYTES,
    )
    follower = Follower(folder, keys, vault.state.cursors)
    pipeline = Pipeline(
        vault=vault,
        follower=follower,
        group=ExchangeGroup(KEEP_BYTES),
        hand_on=lambda _batch: None,
        now_ns=still_ns,
        mono_ns=still_ns,
    )
    reader = open_reader(settings)
    pipeline.restore(reader, KEEP_BYTES)
    reader.close()
    for _ in range(ROUNDS_MAX):
        pipeline.catch_up()
        if not list(follower):
            break
    else:
        raise AssertionError(f"journals stay open after {ROUNDS_MAX} rounds")
    count = pipeline.status().exchange_count
    follower.close()
    keys.close()
    vault.close()
    return _read_back(settings, count)


def _read_back(settings: RecorderSettings, count: int) -> Recovered:
    found: list[Found] = []
    notes: Counter[str] = Counter()
    damage: list[str] = []
    reader = open_reader(settings)
    for batch in reader.follow(VAULT_START):
        found += [_found(reader, committed) for committed in batch.exchanges]
        notes.update(f"gap {gap.exchange_count}" for gap in batch.gaps)
        notes.update(f"mode {act.detail}" for act in batch.acts if act.kind == "mode")
        damage += [act.detail for act in batch.acts if act.kind == "damage"]
    reader.close()
    return Recovered(found, notes, damage, count)


def _found(reader: VaultReader, committed: CommittedFacts) -> Found:
    fact = committed.recording.exchange
    try:
        exchange = reader.exchange(committed.raw_ref)
    except KeyDestroyed:
        return Found(fact.exchange, "unreadable", b"", b"", b"", has_lost_frames=True)
    return Found(
        fact.exchange,
        fact.outcome,
        exchange.request.data,
        exchange.response.data,
        exchange.intent.head,
        exchange.has_lost_frames,
    )


def rows(folder: Path) -> list[str]:
    """Names of the exchanges in the tables, once these have followed the vault in `folder`."""
    settings = RecorderSettings(data_folder=folder, master_key_file=folder / "keys" / "master.key")
    reader = open_reader(settings)
    end = [batch.position for batch in reader.follow(VAULT_START)][-1]
    reader.close()
    follower = TablesFollower(
        lambda: Database.open(folder / FILE),
        lambda: None,
        lambda: open_reader(settings),
        batch_rows=50,
        batch_ms=1,
        mono_ns=still_ns,
    )
    thread = threading.Thread(target=follower.run)
    thread.start()
    try:
        follower.reach(end).result(WITHIN_S)
    finally:
        follower.stop()
        thread.join(WITHIN_S)
    with contextlib.closing(duckdb.connect(str(folder / FILE), read_only=True)) as connection:
        return [
            str(name) for (name,) in connection.execute("SELECT exchange FROM exchanges").fetchall()
        ]


def attempt(folder: Path) -> tuple[Recovered | None, list[str]]:
    """Recover; or say what stopped it."""
    try:
        return recover(folder), []
    except (ProxyError, OSError, AssertionError, ValueError, KeyError, IndexError) as error:
        return None, [f"the start failed: {type(error).__name__}: {error}"]


def remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
