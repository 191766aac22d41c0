"""The four interaction operations: create, get, cancel, delete, each from a read request to a written answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice

import orjson

from proxy.emulator.answers.composition import Compose, Composition, Context
from proxy.emulator.answers.resource import Interaction, resource
from proxy.emulator.asked.refusals import Refusal, invalid
from proxy.emulator.asked.request import (
    LEGACY_REFUSED,
    CreateRequest,
    Json,
    no_custom_agent,
    read_create,
)
from proxy.emulator.call import Call
from proxy.emulator.deliveries.room import check_receivers
from proxy.emulator.events import legacy, stream
from proxy.emulator.events.drift import drifted_events, drifted_resource
from proxy.emulator.events.framing import spelled
from proxy.emulator.scenarios.play import Play
from proxy.emulator.state.store import Store


@dataclass(slots=True)
class Interactions:
    """Answers calls out of its store."""

    store: Store
    compose: Compose
    is_strict: bool = False
    serves_legacy: bool = True
    play: Play | None = None
    """The scenario on the stage, if there is one."""
    custom_agent: Callable[[str], Json | None] = no_custom_agent
    """The definition of an agent that the caller made."""
    tick: Callable[[], None] = lambda: None
    """Is called after each request: time may have come for something else."""

    async def answer(self, call: Call) -> None:
        """Answer one of the four operations.

        Raises:
            Refusal: the API would not do it; nothing was written yet.
            ConnectionBroken, ConnectionError: see `Outlet`.
        """
        if call.is_legacy and not self.serves_legacy:
            raise invalid(LEGACY_REFUSED)
        try:
            if self.play is None or not await self._replied(call, self.play):
                await self._answer(call)
        finally:
            self.tick()

    async def _answer(self, call: Call) -> None:
        match call.route.operation:
            case "create":
                await self._create(call)
            case "get":
                await self._get(call)
            case "cancel":
                record = self.store.cancel(call.route.identity)
                await self._show(call, record.interaction, steps_shown=record.steps_shown)
            case "delete":
                if call.fault.undeleted:
                    self.store.find(call.route.identity)
                else:
                    self.store.delete(call.route.identity)
                await call.outlet.send(b"{}")

    async def _create(self, call: Call) -> None:
        if call.parsed is None:
            raise Refusal(400, "Invalid JSON payload received.", shape="rpc")
        request, composition = self._composed(call)
        call.is_streaming = request.is_streaming
        tier = composition.tier or str(request.raw.get("service_tier") or "standard")
        tier = "standard" if call.fault.downgrade else tier
        call.interaction = self.store.add(
            request, composition, tier, call.chance, fault=call.fault, size=len(call.body)
        )
        if self.play is not None:
            self.play.remember(call.interaction)
        if request.is_streaming:
            await self._play(call, call.interaction)
        elif composition.shown is not None:
            await call.outlet.send(orjson.dumps(composition.shown))
        else:
            await self._show(call, call.interaction)

    def _composed(self, call: Call) -> tuple[CreateRequest, Composition]:
        """The request, and what is said to it: by the scenario if there is one, else made up."""

        def read() -> tuple[CreateRequest, Context]:
            request = read_create(
                call.parsed,
                is_legacy=call.is_legacy,
                is_strict=self.is_strict,
                custom_agent=self.custom_agent,
            )
            check_receivers(request.raw.get("webhook_config"))
            call.is_streaming = request.is_streaming
            return request, self.store.context(request)

        if self.play is not None:
            return self.play.composed(call, read)
        request, context = read()
        return request, self.compose(request, context, call.fault.wishes, call.chance)

    async def _replied(self, call: Call, play: Play) -> bool:
        """Whether the scenario has an answer of its own to a GET, a cancel or a DELETE."""
        operation, identity = call.route.operation, call.route.identity
        if operation == "create" or call.request.query.get("stream") == "true":
            return False
        reply = play.reply(operation, identity)
        if reply is None:
            return False
        moves = {"get": self.store.poll, "cancel": self.store.cancel, "delete": self.store.delete}
        if reply.status < 400:
            with suppress(Refusal):  # the scenario's answer counts; the store only goes along
                moves[operation](identity)
        await call.outlet.send(
            reply.body, status=reply.status, content_type=reply.content_type, headers=reply.headers
        )
        return True

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
        record = self.store.poll(call.route.identity)
        await self._show(
            call,
            record.interaction,
            has_whole_timeline=True,
            has_input=query.get("include_input") == "true",
            steps_shown=record.steps_shown,
        )

    async def _show(
        self,
        call: Call,
        interaction: Interaction,
        *,
        has_whole_timeline: bool = False,
        has_input: bool = False,
        steps_shown: int | None = None,
    ) -> None:
        call.interaction = interaction
        call.steps_shown = steps_shown
        shown = resource(
            interaction,
            # The old schema's outputs are the model's alone; what the caller sent back is not one.
            has_whole_timeline=has_whole_timeline and not call.is_legacy,
            has_input=has_input,
            steps_shown=steps_shown,
        )
        if call.is_legacy:
            shown = legacy.resource_from_new(shown, _dialect(call))
        await call.outlet.send(orjson.dumps(drifted_resource(shown, call.fault.drift)))

    async def _play(self, call: Call, interaction: Interaction, after: str | None = None) -> None:
        """Send the events, from the first or from the one behind `after`; then the run is over."""
        told = interaction
        if after is not None:
            if not interaction.request.is_background:
                raise invalid("last_event_id: only background interactions can be resumed.")
            if interaction.status == "cancelled":  # its events are those from before
                told = replace(interaction, status="in_progress")
        piece = call.fault.piece
        if call.is_legacy:
            events = legacy.old_events(told, piece=piece, spoken=_dialect(call))
        else:
            events = stream.events(told, piece=piece)
        if after is not None:
            events = iter(_behind(list(events), after))
        events = drifted_events(self._watched(events, call, told), call.fault.drift)
        gaps_s = interaction.composition.gaps_s if after is None else ()
        await call.outlet.stream(spelled(events, call.fault.framing), gaps_s=gaps_s)

    def _watched(
        self, events: Iterator[Json], call: Call, interaction: Interaction
    ) -> Iterator[Json]:
        """The events as they may still be said: a fault or a cancel ends them early."""
        wrong = call.fault.error_event
        was_cancelled = interaction.status == "cancelled"
        for event in islice(events, wrong):
            if not was_cancelled and self.store.status_of(interaction.id) == "cancelled":
                yield self._cancelled(call, interaction)
                return
            if stream.is_last(event):
                call.interaction = self.store.finish(interaction.id or "") or interaction
                event = stream.ended(event, call.interaction)  # noqa: PLW2901 - told when it ends
            yield event
        if wrong is not None:
            yield stream.error_event(call.fault.code or "gateway_timeout", call.fault.message)

    def _cancelled(self, call: Call, interaction: Interaction) -> Json:
        call.interaction = self.store.find(interaction.id or "").interaction
        if call.is_legacy:
            return legacy.old_closing(call.interaction, _dialect(call))
        return stream.closing(call.interaction)


def _dialect(call: Call) -> legacy.Dialect:
    """How the caller's SDK speaks the old schema."""
    return legacy.dialect(call.request.headers.getall("User-Agent", ()))


def _behind(events: list[Json], last_event_id: str) -> list[Json]:
    """The events after the one with that id.

    Raises:
        Refusal: 400, no event has it.
    """
    for place, event in enumerate(events):
        if event.get("event_id") == last_event_id:
            return events[place + 1 :]
    raise invalid("last_event_id is not known.")
