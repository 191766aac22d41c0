"""Which traces are sent, by the samplers that OpenTelemetry names. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from proxy.telemetry.traces.span import given_span_id, given_trace_id, own_trace_id

PARENT_BASED: Final = "parentbased_"
SAMPLERS: Final = ("always_on", "always_off", "traceidratio")
"""Each also with `parentbased_` before it: then a caller that names a trace has decided."""
DEFAULT: Final = "parentbased_always_on"
_LOW_BITS: Final = 1 << 64


@dataclass(frozen=True, slots=True)
class Place:
    """Where the spans of one exchange go."""

    trace_id: bytes
    parent: bytes | None
    """The caller's span."""
    is_sampled: bool


@dataclass(frozen=True, slots=True)
class Sampler:
    """Decides by the trace alone: all who see a trace decide alike."""

    is_parent_based: bool = True
    ratio: float = 1.0
    """Of traces, 0 to 1."""

    def takes(self, trace_id: bytes, *, caller_sampled: bool | None) -> bool:
        """Whether spans of this trace are sent. `caller_sampled`: None where no caller named one."""
        if self.is_parent_based and caller_sampled is not None:
            return caller_sampled
        return int.from_bytes(trace_id[8:], "big") < round(self.ratio * _LOW_BITS)

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


def sampler_of(name: str, argument: str) -> Sampler:
    """The sampler of OTEL_TRACES_SAMPLER and OTEL_TRACES_SAMPLER_ARG.

    Raises:
        ValueError: there is none of that name, or the argument is no ratio.
    """
    base = name.removeprefix(PARENT_BASED)
    if base not in SAMPLERS:
        known = ", ".join((*SAMPLERS, *(PARENT_BASED + one for one in SAMPLERS)))
        raise ValueError(f"OTEL_TRACES_SAMPLER is {name!r}: known are {known}")
    ratio = {"always_on": 1.0, "always_off": 0.0}.get(base)
    if ratio is None:
        try:
            ratio = float(argument or "1")
        except ValueError:
            ratio = -1.0
        if not 0 <= ratio <= 1:
            raise ValueError(f"OTEL_TRACES_SAMPLER_ARG is {argument!r}: say a ratio from 0 to 1")
    return Sampler(is_parent_based=base != name, ratio=ratio)
