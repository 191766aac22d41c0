"""The records of a vault beside the leaves of its trail: present, shredded or pruned, and unchanged. No key is needed."""

from __future__ import annotations

import base64
import hashlib
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

from proxy.reading.verifying.account import Account, Exchange, Findings, named

RECORD = struct.Struct("<IIBBBBHIQQ")
"""Header of a vault record: size, crc, kind, codec, version, 0, worker, ordinal, boot, sequence."""
MANIFEST = struct.Struct("<BBIQ32s")
PART = struct.Struct("<BI16sQ32s")
KIND_MANIFEST, KIND_ACTS = 8, 10


def digest(payload: bytes) -> str:
    """SHA-256, base64."""
    return base64.b64encode(hashlib.sha256(payload).digest()).decode()


def walk(path: Path, found: Findings) -> Iterator[tuple[int, Exchange, bytes]]:
    """Manifests and acts of one vault file: kind, exchange, payload."""
    with path.open("rb") as file:
        size, at = path.stat().st_size, 0
        while at + RECORD.size <= size:
            file.seek(at)
            head = RECORD.unpack(file.read(RECORD.size))
            if not 1 <= head[2] <= 11 or head[4] != 1 or at + RECORD.size + head[0] > size:
                found.fault(f"{path.name} cannot be read from byte {at} on")
                return
            if head[2] in {KIND_MANIFEST, KIND_ACTS}:
                yield head[2], (head[6], f"{head[8]:016x}", head[9]), file.read(head[0])
            at += RECORD.size + head[0]


def manifest_parts(manifest: bytes) -> list[tuple[int, str, int, bytes]]:
    """(payload bytes, file, offset, SHA-256) of the sealed records of an exchange."""
    parts = [
        PART.unpack_from(manifest, at) for at in range(MANIFEST.size, len(manifest), PART.size)
    ]
    return [(size, file.rstrip(b"\0").decode(), at, sha) for _, size, file, at, sha in parts]


def check_vault(folder: Path, keys: Path | None, account: Account, found: Findings) -> None:
    """Each leaf has its record, each record its leaf, and the bytes are those that were signed."""
    order: dict[Exchange, str] = {}
    acts: set[str] = set()
    names = sorted(path.name for path in folder.iterdir() if path.name[-7:-6] == "-")
    for name in names:
        for kind, id_, payload in walk(folder / name, found):
            if kind == KIND_ACTS:
                acts.add(digest(payload))
                continue
            if id_ in order:
                found.fault(f"{named(id_)} is in the vault twice")
            order[id_] = digest(payload)
            check_parts(folder, id_, payload, account, found)
    here = [account.exchanges[id_][0] for id_ in order if id_ in account.exchanges]
    if here != sorted(here):
        found.fault("the records of the vault do not stand in the order of the leaves")
    first = min(here, default=sys.maxsize if names and names[0][-6:] == "000001" else 0)
    for id_, (number, leaf) in account.exchanges.items():
        if id_ not in order and number >= first:
            found.fault(f"{named(id_)} (leaf {number}) is not in the vault any more")
        elif id_ not in order:
            found.counts["vault pruned"] += 1
        elif order[id_] != leaf["manifest"]:
            found.fault(f"the manifest of {named(id_)} is not the one of leaf {number}")
        else:
            is_gone = is_shredded(keys, id_, account, found) or not any(
                base64.b64decode(leaf["key"])
            )
            found.counts["shredded" if is_gone else "present"] += 1
    last = max(here, default=-1)
    unsigned = [account_id for account_id in order if account_id not in account.exchanges]
    if unsigned and list(order).index(unsigned[0]) < len(order) - len(unsigned):
        found.fault(f"{named(unsigned[0])} is in the vault and has no leaf")
    found.counts["not signed yet"] = len(unsigned)
    for record, number in account.records.items():
        if record not in acts and first <= number <= last:
            found.fault(f"the acts of leaf {number} are not in the vault any more")


def check_parts(
    folder: Path, id_: Exchange, manifest: bytes, account: Account, found: Findings
) -> None:
    """The sealed records of an exchange have the bytes that its manifest says."""
    for size, name, at, sha in manifest_parts(manifest):
        path = folder / Path(name).name
        if not path.is_file():
            found.counts["pruned parts"] += 1
            continue
        with path.open("rb") as file:
            file.seek(at + RECORD.size)
            if hashlib.sha256(file.read(size)).digest() != sha and id_ in account.exchanges:
                found.fault(f"sealed bytes of {named(id_)} at {name}:{at} have changed")


def is_shredded(keys: Path | None, id_: Exchange, account: Account, found: Findings) -> bool:
    """Whether the key of an exchange is gone: its slot is zeros, or not there."""
    if keys is None:
        return id_ in account.shredded
    path = keys / f"w{id_[0]}-{id_[1]}.slots"
    slot = b""
    if path.is_file():
        with path.open("rb") as file:
            file.seek(4096 + (id_[2] - 1) * 64)
            slot = file.read(64)
    if any(slot) and id_ in account.shredded:
        found.fault(f"the key of {named(id_)} is said to be destroyed, and is there")
    return not any(slot)
