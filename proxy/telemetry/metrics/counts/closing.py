"""Foreign values become label values: closed sets stay closed, names from outside are capped."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from proxy.telemetry.metrics.labels import LABELS, NONE, OTHER

_ERRORS: Final = frozenset(LABELS["error"].values)
_CODES: Final = {int(code): code for code in LABELS["code"].values if code.isdecimal()}


def closing(label: str) -> Callable[[str], str]:
    """A function from any value to one that this label may have."""
    known = frozenset(LABELS[label].values)

    def closed(value: str) -> str:
        return value if value in known else OTHER

    return closed


def code_label(status: int | None) -> str:
    """Label `code` of an HTTP status."""
    if status is None:
        return NONE
    found = _CODES.get(status)
    if found is not None:
        return found
    return f"{status // 100}xx" if 100 <= status < 600 else OTHER


def error_label(code: str) -> str:
    """Label `error` of what Google called an error."""
    lowered = code.lower()
    return lowered if lowered in _ERRORS else OTHER


class Admitted:
    """Names from outside that have series of their own. Who comes after the cap is `other`."""

    def __init__(self, label: str) -> None:
        self._most = LABELS[label].most
        self._names: dict[str, None] = {}

    def label(self, name: str | None, *, may_enter: bool) -> str:
        """`may_enter`: Google answered under this name, so that no caller can fill the list alone."""
        if not name:
            return NONE
        if name in self._names:
            return name
        if may_enter and len(self._names) < self._most:
            self._names[name] = None
            return name
        return OTHER

    def names(self) -> list[str]:
        return list(self._names)

    def restore(self, names: Iterable[str]) -> None:
        self._names = dict.fromkeys(list(names)[: self._most])
