"""Where the spans of an exchange go, and whether they are sent. Pure: OpenTelemetry's samplers decide."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from proxy.telemetry.traces.span import given_span_id, given_trace_id, own_trace_id

Decide: TypeAlias = Callable[[bytes, bool | None], bool]
"""Of a trace id and of what its caller decided (None: there is no caller) to whether spans are sent."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the spans of one exchange go."""

    trace_id: bytes
    parent: bytes | None
    """The caller's span."""
    is_sampled: bool


def as_the_caller(_: bytes, caller_sampled: bool | None) -> bool:  # noqa: FBT001  # of Decide
    """Everything, unless a caller decided against it: the default of OpenTelemetry."""
    return caller_sampled is not False


@dataclass(frozen=True, slots=True)
class Sampler:
    """Decides by the trace alone: all who see a trace decide alike."""

    decide: Decide = as_the_caller

    def takes(self, trace_id: bytes, *, caller_sampled: bool | None) -> bool:
        """Whether spans of this trace are sent. `caller_sampled`: None where no caller named one."""
        return self.decide(trace_id, caller_sampled)

    def place(
        self,
        exchange: str,
        trace_id: str | None,
        parent_span_id: str | None,
        *,
        is_sampled: bool | None,
    ) -> Place:
        """In the caller's trace if the exchange has one, else in one of its own."""
        given, parent = given_trace_id(trace_id), given_span_id(parent_span_id)
        if given is None or parent is None:
            own = own_trace_id(exchange)
            return Place(own, None, self.takes(own, caller_sampled=None))
        return Place(given, parent, self.takes(given, caller_sampled=bool(is_sampled)))
