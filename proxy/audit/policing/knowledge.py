"""What the door knows of interactions: who created which, what is held, what is leaving. Pure; mutable."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from proxy.interactions.interaction import id_hash


@dataclass(frozen=True, slots=True)
class Kept:
    """What acts say now; replaced whole."""

    protected: Mapping[str, bool]
    """Held interactions and the turns before them; True: with all turns to come of its conversation."""
    leaving: frozenset[str]
    """A DELETE of these is under way, or was done."""


NOTHING_KEPT = Kept({}, frozenset())


class Knowledge:
    """Asked for each request; told by the records and by answers on their way."""

    def __init__(self) -> None:
        self.kept = NOTHING_KEPT
        self._makers: dict[int, str] = {}
        """By `id_hash`: some 100 bytes an interaction."""
        self._later: set[str] = set()
        """Turns of held conversations that the records may not know yet; bounded by what came since `keep`."""

    def __len__(self) -> int:
        return len(self._makers)

    def created(self, interaction: str, client: str | None, previous: Iterable[str] = ()) -> None:
        """Somebody's create was answered with this id. The first word counts."""
        self._makers.setdefault(id_hash(interaction), client or "")
        if any(self._is_conversation_held(turn) for turn in previous):
            self._later.add(interaction)

    def keep(self, kept: Kept) -> None:
        """What acts say has changed."""
        self.kept = kept
        self._later = {turn for turn in self._later if turn not in kept.protected}
        if not any(kept.protected.values()):
            self._later.clear()

    def maker(self, interaction: str) -> str | None:
        """The credential that created it, empty: none; None: that was not seen."""
        return self._makers.get(id_hash(interaction))

    def is_held(self, interaction: str) -> bool:
        return interaction in self.kept.protected or interaction in self._later

    def has_holds(self) -> bool:
        return bool(self.kept.protected)

    def is_leaving(self, interaction: str) -> bool:
        return interaction in self.kept.leaving

    def _is_conversation_held(self, turn: str) -> bool:
        return self.kept.protected.get(turn, False) or turn in self._later
