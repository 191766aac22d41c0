"""What the vault hands to a follower: committed facts, and the position that goes with them.

A follower (DuckDB) stores rows and position in ONE transaction; after any failure it asks the vault
for everything behind the position it holds. So nothing is twice and nothing is missing.
"""

from __future__ import annotations

from dataclasses import dataclass

from proxy.recording.facts import ActFact, GapFact, Recording


@dataclass(frozen=True, slots=True, order=True)
class VaultPosition:
    """The end of a commit frame: everything before it is committed. Ordered by time of writing."""

    file: str
    """Name of the vault file, "<YYYYMMDD>-<n, 6 digits>": sorts in the order of writing."""
    offset: int
    """Bytes from the start of that file."""


VAULT_START = VaultPosition("", 0)
"""Before the first commit of any vault: where a rebuild begins."""


@dataclass(frozen=True, slots=True)
class CommittedFacts:
    """The facts of one exchange, once they are durable in the vault."""

    recording: Recording
    """Rows only: `contents` and `media` are empty, they stay sealed in the vault."""
    steps_ref: str | None
    """"<file>:<offset>" of the record with the redacted steps and what was said beside them; one of
    them is "<steps_ref>#<i>" with i = StepFact.content_index or ObservationFact.about_index.
    None: there are none."""
    media_refs: tuple[str, ...]
    """One whole reference per MediaFact.media_index."""
    raw_ref: str
    """The manifest: opens the exchange's heads, bodies and cut points."""


@dataclass(frozen=True, slots=True)
class FactBatch:
    """What one DuckDB transaction takes: rows of whole commits, and the position behind them."""

    exchanges: tuple[CommittedFacts, ...]
    gaps: tuple[GapFact, ...]
    acts: tuple[ActFact, ...]
    position: VaultPosition
