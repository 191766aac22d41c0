"""What a data folder says about tagged requests: read from sealed records, not from facts."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from proxy.journal.format import ExchangeId
from proxy.store.vault.files import VaultFile, vault_files
from proxy.store.vault.format import RecordKind
from tests.end_to_end.load import Attempt
from tests.end_to_end.stage import ask, open_vault

BODY_BYTES_MAX: Final = 64 * 1024 * 1024
_TAG: Final = re.compile(rb"(?im)^x-request-tag: *([^\r\n]*)")


@dataclass(frozen=True, slots=True)
class Evidence:
    """One exchange: sizes and outcome as SQL tells them, heads and bodies as they lie sealed."""

    exchange: ExchangeId
    outcome: str
    status: int | None
    request_bytes: int
    response_bytes: int
    seen_digest: bytes
    """SHA-256 of as much of the recorded answer's beginning as the client saw."""
    tag: str
    """Empty: the request head did not come so far, or had none."""


def evidence(data: Path, attempts: Iterable[Attempt]) -> list[Evidence]:
    """All exchanges of a stopped proxy; `attempts` say how much of each answer was seen.

    Raises:
        ProxyError: a record cannot be opened.
    """
    seen_bytes = {attempt.tag: attempt.seen_bytes for attempt in attempts}
    vault = open_vault(data)
    found = []
    for id_, outcome, status, request_bytes, response_bytes, raw_ref in ask(
        data / "facts.duckdb",
        "SELECT exchange, outcome, status, request_bytes, response_bytes, raw_ref FROM exchanges"
        " ORDER BY worker, boot, sequence",
    ):
        recorded = vault.exchange(raw_ref, BODY_BYTES_MAX)
        tagged = _TAG.search(recorded.intent.head)
        tag = tagged[1].decode() if tagged else ""
        seen = recorded.response.data[: seen_bytes.get(tag, 0)]
        found.append(
            Evidence(
                exchange=ExchangeId.parse(id_),
                outcome=outcome,
                status=status,
                request_bytes=request_bytes,
                response_bytes=response_bytes,
                seen_digest=hashlib.sha256(seen).digest(),
                tag=tag,
            )
        )
    vault.close()
    return found


def closings(data: Path) -> Counter[ExchangeId]:
    """How often the vault says of an exchange that it is over (a manifest each)."""
    found: Counter[ExchangeId] = Counter()
    for name in vault_files(data / "vault"):
        with VaultFile(data / "vault" / name) as file:
            for commit in file.commits(0, frozenset({RecordKind.MANIFEST})):
                assert commit.damage is None, commit.damage
                found.update(place.header.id for place in commit.places)
    return found


def holes(ids: list[ExchangeId]) -> list[str]:
    """Sequences that are missing: a worker counts from 1 without leaving one out."""
    by_boot: dict[tuple[int, int], set[int]] = {}
    for id_ in ids:
        by_boot.setdefault((id_.worker, id_.boot), set()).add(id_.sequence)
    return [
        str(ExchangeId(*boot, sequence))
        for boot, sequences in by_boot.items()
        for sequence in range(1, max(sequences) + 1)
        if sequence not in sequences
    ]
