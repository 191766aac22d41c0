"""Faults for whole runs: rules that say which requests fail, for callers that cannot set a header.

    [{"operation": "delete", "fault": "status=501,shape=html", "times": 2}, {"model": "gemma-4-31b-it", …}]

The first rule that fits a request gives its fault. A request's own fault (its header, its model's name) goes
before every rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeAlias

from proxy.emulator.asked import catalogue
from proxy.emulator.asked.faults import WHOLE, Fault, fault_from_text
from proxy.emulator.asked.refusals import invalid

Json: TypeAlias = dict[str, Any]

RULES_MAX: Final = 1000
"""Rules kept at a time: far more than a test script says, and each request looks at all of them."""

_KEYS: Final = frozenset({"operation", "model", "fault", "times"})


def _is_same(one: str, other: str) -> bool:
    """Models are also written as `models/<id>`."""
    return catalogue.bare(one) == catalogue.bare(other)


@dataclass(slots=True)
class FaultRule:
    """Which requests get which fault. Mutable: `left` counts down."""

    text: str
    """The words of the fault, as they were given."""
    fault: Fault
    operations: frozenset[str] = frozenset()
    """Operations as in `asked.routes`; empty means all."""
    name: str | None = None
    """The model or agent; None means any, also requests that name none."""
    left: int | None = None
    """How many requests it still applies to; None means all."""

    def fits(self, operation: str, name: str | None) -> bool:
        """Whether it applies to such a request."""
        return (
            self.left != 0
            and (not self.operations or operation in self.operations)
            and (self.name is None or (name is not None and _is_same(self.name, name)))
        )

    def shown(self) -> Json:
        """As it would be given now."""
        described: Json = {"fault": self.text}
        if self.operations:
            described["operation"] = "+".join(sorted(self.operations))
        if self.name is not None:
            described["model"] = self.name
        if self.left is not None:
            described["times"] = self.left
        return described


@dataclass(slots=True)
class FaultRules:
    """The rules of one emulator, in the order they were given. Mutable."""

    _rules: list[FaultRule] = field(default_factory=list)

    def extend(self, given: object) -> None:
        """Add rules behind those that are there: all of them, or none if one cannot be meant.

        Raises:
            Refusal: 400, what is given is no list of rules or too long.
        """
        if not isinstance(given, list):
            raise invalid('emulator: rules are a list such as [{"fault": "status=503"}]')
        rules = [_rule(number, entry) for number, entry in enumerate(given)]
        if len(self._rules) + len(rules) > RULES_MAX:
            raise invalid(f"emulator: no more than {RULES_MAX} rules at a time")
        self._rules += rules

    def clear(self) -> None:
        """Forget all rules."""
        self._rules.clear()

    def shown(self) -> Sequence[Json]:
        """The rules that still apply to something, in a form that `extend` takes."""
        return [rule.shown() for rule in self._rules]

    def take(self, operation: str, name: str | None) -> Fault:
        """The fault of a request for this model or agent; it counts where a rule has a number of times."""
        for rule in self._rules:
            if not rule.fits(operation, name):
                continue
            if rule.left is not None:
                rule.left -= 1
                if not rule.left:
                    self._rules.remove(rule)
            return rule.fault
        return WHOLE


def _rule(number: int, entry: object) -> FaultRule:
    if not isinstance(entry, dict) or not isinstance(entry.get("fault"), str):
        raise invalid(f"emulator: rule {number} needs a text named fault, as status=503")
    if unknown := entry.keys() - _KEYS:
        raise invalid(f"emulator: rule {number}: unknown {', '.join(map(str, unknown))}")
    operation, name, times = entry.get("operation"), entry.get("model"), entry.get("times")
    if not isinstance(operation, str | None) or not isinstance(name, str | None):
        raise invalid(f"emulator: rule {number}: operation and model are texts")
    fault = fault_from_text(entry["fault"])
    times = fault.times if times is None else times
    if times is not None and (not isinstance(times, int) or times < 1):
        raise invalid(f"emulator: rule {number}: times is a number from 1")
    named = frozenset(part.strip() for part in operation.split("+")) if operation else frozenset()
    whole = replace(fault, on=frozenset(), times=None)
    return FaultRule(entry["fault"], whole, named or fault.on, name, times)
