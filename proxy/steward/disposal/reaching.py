"""What the desk sends: DELETE and cancel as the steward, looks as verification, which records no content."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

from proxy.steward.asking import Gateway, NotAnswered, Recorder, Told
from proxy.steward.credential import Credential
from proxy.steward.disposal.turn import always
from proxy.steward.schedule import Allowance

PAUSE_S: Final = 30
"""After a 429 or 503 that does not say how long: for the whole scope."""
PAUSING: Final = frozenset([429, 503])
MODELS: Final = "models"
"""Named as the control where no other copy is there to be looked at: the list of models, which shows less."""
_OK: Final = range(200, 300)
_One = TypeVar("_One")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int | None
    """None: nothing."""
    retry_after_s: int | None = None
    date_s: float | None = None


@dataclass(frozen=True, slots=True)
class Control:
    """A look at something that is there."""

    what: str
    is_served: bool
    date_s: float | None


class Addressed(Protocol):
    """Where a copy is asked for."""

    @property
    def interaction(self) -> str: ...
    @property
    def api_version(self) -> str | None: ...
    @property
    def api_revision(self) -> str | None: ...


class Reach:
    """One credential at two sockets of the gateway."""

    def __init__(
        self,
        recorder: Recorder,
        gateway: Gateway,
        verifier: Gateway,
        credential: Credential,
        pace: tuple[Allowance, Callable[[], float]],
        is_our_turn: Callable[[], bool] = always,
    ) -> None:
        """`is_our_turn`: whether this steward of a fleet may act now."""
        self._recorder = recorder
        self._gateway = gateway
        self._verifier = verifier
        self._credential = credential
        self._allowance, self._mono_s = pace
        self.is_our_turn = is_our_turn

    def allowed(self, wanting: Sequence[_One]) -> list[_One]:
        """As many of them as the rate allows now; each counts as sent. None where it is another steward's turn."""
        if not self.is_our_turn():
            return []
        now_s = self._mono_s()
        return [one for one in wanting if self._allowance.take(now_s)]

    async def delete(self, row: Addressed) -> Answer:
        """A DELETE, recorded as the steward's."""
        return await self._ask(self._gateway, "DELETE", row)

    async def cancel(self, row: Addressed) -> Answer:
        """End what runs, recorded as the steward's."""
        return await self._ask(self._gateway, "POST", row, "/cancel")

    async def look(self, row: Addressed) -> Answer:
        """A GET whose answer is written nowhere but for its status and size."""
        return await self._ask(self._verifier, "GET", row)

    async def control(self, now_us: int, besides: Sequence[str]) -> Control | None:
        """A look at a copy that nobody touched; None: the rate does not allow it now. Raises NotAnswered."""
        if not self.allowed([None]):
            return None
        others = await self._recorder.query(
            "disposal_controls",
            scope=sorted(self._credential.scope),
            now_us=now_us,
            interactions=besides,
        )
        for other in others:
            target = f"/{other['api_version']}/interactions/{other['interaction']}"
            told = await self._send(self._verifier, "GET", target, other["api_revision"])
            if told.status in _OK or not self.allowed([None]):
                return Control(other["interaction"], told.status in _OK, told.date_s)
            # Somebody may have removed it without our knowledge: it alone shows nothing.
        told = await self._send(self._verifier, "GET", "/v1beta/models?pageSize=1", None)
        return Control(MODELS, told.status in _OK, told.date_s)

    async def _ask(self, by: Gateway, method: str, row: Addressed, suffix: str = "") -> Answer:
        target = f"/{row.api_version}/interactions/{row.interaction}{suffix}"
        return await self._send(by, method, target, row.api_revision)

    async def _send(self, by: Gateway, method: str, target: str, revision: str | None) -> Answer:
        headers = dict(self._credential.headers)
        if revision:
            headers["Api-Revision"] = revision
        try:
            told: Told = await by.send(method, target, headers)
        except NotAnswered:
            return Answer(None)
        if told.status in PAUSING:
            self._allowance.close(self._mono_s() + (told.retry_after_s or PAUSE_S))
        return Answer(told.status, told.retry_after_s, told.date_s)
