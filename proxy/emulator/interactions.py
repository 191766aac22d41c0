"""The four interaction operations: create, get, cancel, delete, each from a read request to a written answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import orjson

from proxy.emulator.answers.composition import Compose
from proxy.emulator.answers.resource import Interaction, resource
from proxy.emulator.asked.refusals import Refusal, invalid
from proxy.emulator.asked.request import LEGACY_REFUSED, Json, read_create
from proxy.emulator.call import Call
from proxy.emulator.events import legacy, stream
from proxy.emulator.events.drift import drifted_events, drifted_resource
from proxy.emulator.events.framing import spelled
from proxy.emulator.state.store import Store


@dataclass(slots=True)
class Interactions:
    """Answers calls out of its store."""

    store: Store
    compose: Compose
    is_strict: bool = False
    serves_legacy: bool = True

    async def answer(self, call: Call) -> None:
        """Answer one of the four operations.

        Raises:
            Refusal: the API would not do it; nothing was written yet.
            ConnectionBroken, ConnectionError: see `Outlet`.
        """
        if call.is_legacy and not self.serves_legacy:
            raise invalid(LEGACY_REFUSED)
        match call.route.operation:
            case "create":
                await self._create(call)
            case "get":
                await self._get(call)
            case "cancel":
                call.interaction = self.store.cancel(call.route.identity)
                await self._show(call, call.interaction)
            case "delete":
                self.store.delete(call.route.identity)
                await call.outlet.send(b"{}")

    async def _create(self, call: Call) -> None:
        if call.parsed is None:
            raise Refusal(400, "Invalid JSON payload received.", shape="rpc")
        request = read_create(call.parsed, is_legacy=call.is_legacy, is_strict=self.is_strict)
        call.is_streaming = request.is_streaming
        context = self.store.context(request)
        composition = self.compose(request, context, call.fault.wishes, call.chance)
        tier = str(request.raw.get("service_tier", "standard"))
        tier = "standard" if call.fault.downgrade else tier
        call.interaction = self.store.add(request, composition, tier, call.chance)
        if request.is_streaming:
            await self._play(call, call.interaction)
        else:
            await self._show(call, call.interaction)

    async def _get(self, call: Call) -> None:
        query = call.request.query
        call.is_streaming = query.get("stream") == "true"
        after = query.get("last_event_id")
        if call.is_streaming:
            call.interaction = self.store.find(call.route.identity).interaction
            await self._play(call, call.interaction, after)
            return
        if after is not None:
            raise invalid("last_event_id needs stream=true.")
        call.interaction = self.store.poll(call.route.identity).interaction
        has_input = query.get("include_input") == "true"
        await self._show(call, call.interaction, has_whole_timeline=True, has_input=has_input)

    async def _show(
        self,
        call: Call,
        interaction: Interaction,
        *,
        has_whole_timeline: bool = False,
        has_input: bool = False,
    ) -> None:
        shown = resource(interaction, has_whole_timeline=has_whole_timeline, has_input=has_input)
        if call.is_legacy:
            shown = legacy.resource_from_new(shown)
        await call.outlet.send(orjson.dumps(drifted_resource(shown, call.fault.drift)))

    async def _play(self, call: Call, interaction: Interaction, after: str | None = None) -> None:
        """Send the events, from the first or from the one behind `after`; then the run is over."""
        spell = legacy.old_events if call.is_legacy else stream.events
        events: Iterator[Json] = spell(interaction, piece=call.fault.piece)
        if after is not None:
            events = iter(_behind(list(events), after))
        events = drifted_events(self._watched(events, call, interaction), call.fault.drift)
        await call.outlet.stream(spelled(events, call.fault.framing))

    def _watched(
        self, events: Iterator[Json], call: Call, interaction: Interaction
    ) -> Iterator[Json]:
        """The events as they may still be said: a fault or a cancel ends them early."""
        wrong = call.fault.error_event
        for event in islice(events, wrong):
            if self.store.status_of(interaction.id) == "cancelled":
                yield self._cancelled(call, interaction)
                return
            if event["event_type"] in ("interaction.completed", "interaction.complete"):
                call.interaction = self.store.finish(interaction.id or "") or interaction
            yield event
        if wrong is not None:
            yield stream.error_event(call.fault.code or "gateway_timeout", call.fault.message)

    def _cancelled(self, call: Call, interaction: Interaction) -> Json:
        call.interaction = self.store.find(interaction.id or "").interaction
        last = legacy.old_closing if call.is_legacy else stream.closing
        return last(call.interaction)


def _behind(events: list[Json], last_event_id: str) -> list[Json]:
    """The events after the one with that id.

    Raises:
        Refusal: 400, no event has it.
    """
    for place, event in enumerate(events):
        if event.get("event_id") == last_event_id:
            return events[place + 1 :]
    raise invalid("last_event_id is not known.")
