"""Policies as a person writes them: TOML, read into rules. Pure; says what is wrong, and where.

[[policy]]
name = "support"
clients = ["0123456789abcdef"]
tools = ["google_search"]
delete_upstream_after = "7d"
"""

from __future__ import annotations

import re
import tomllib
from typing import Any, Final

from proxy.audit.retention.policy import Policy
from proxy.errors import ConfigError

POLICIES_MAX: Final = 1000
"""Each is looked at for each copy that is due."""
_SPAN: Final = re.compile(r"([0-9]{1,6})([smhd])")
_UNIT_S: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_NAME: Final = re.compile(r"[A-Za-z0-9_.:-]{1,80}")
_SETS: Final = ("clients", "models", "tools")
_SPANS: Final = ("delete_upstream_after", "keep_local")
_NOT_KEPT: Final = {
    "erase_local_after": "this release erases nothing by itself; use `interactions-proxy erase`",
    "labels": "labels are recorded as blind indices, which this release does not match here",
}
"""A promise that nobody keeps is worse than none."""


def policies_from(text: str, source: str) -> tuple[Policy, ...]:
    """The policies of a file.

    Args:
        text: TOML.
        source: how to name the file in a message.

    Raises:
        ConfigError: what is wrong, in which policy.
    """
    try:
        given = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{source} is not TOML: {error}") from error
    tables = given.pop("policy", [])
    if given:
        raise ConfigError(
            f"{source}: {', '.join(sorted(given))}: only [[policy]] tables stand here"
        )
    if not isinstance(tables, list) or len(tables) > POLICIES_MAX:
        raise ConfigError(f"{source}: give each policy as [[policy]], {POLICIES_MAX} at most")
    found = tuple(_policy(table, f"{source}, policy {n}") for n, table in enumerate(tables, 1))
    names = [policy.name for policy in found]
    if len(set(names)) < len(names):
        raise ConfigError(f"{source}: two policies have the same name")
    return found


def span_s(text: str) -> int | None:
    """Seconds of 90s, 36h, 7d; None: it is no such span."""
    matched = _SPAN.fullmatch(text.strip())
    return int(matched[1]) * _UNIT_S[matched[2]] if matched else None


def _policy(table: Any, place: str) -> Policy:
    if not isinstance(table, dict):
        raise ConfigError(f"{place}: give it as [[policy]]")
    for key, why in _NOT_KEPT.items():
        if key in table:
            raise ConfigError(f"{place}: {key}: {why}")
    unknown = table.keys() - {"name", *_SETS, *_SPANS}
    if unknown:
        known = ", ".join(("name", *_SETS, *_SPANS))
        raise ConfigError(f"{place}: {', '.join(sorted(unknown))} is not known; there is {known}")
    name = table.get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ConfigError(f"{place}: give it a name of letters, digits and _.:- (80 at most)")
    sets = {key: _set(table, key, place) for key in _SETS}
    spans = {key: _seconds(table, key, place) for key in _SPANS}
    if all(value is None for value in spans.values()):
        raise ConfigError(f"{place}: it asks for nothing; give one of {', '.join(_SPANS)}")
    return Policy(
        name=name,
        clients=sets["clients"],
        models=sets["models"],
        tools=sets["tools"],
        delete_upstream_after_s=spans["delete_upstream_after"],
        keep_local_s=spans["keep_local"],
    )


def _set(table: dict[str, Any], key: str, place: str) -> frozenset[str]:
    value = table.get(key, [])
    if not isinstance(value, list) or not all(isinstance(one, str) and one for one in value):
        raise ConfigError(f'{place}: {key} is a list of texts, say ["..."]')
    if key in table and not value:  # an empty list would be for all, and mean none
        raise ConfigError(f"{place}: {key} is empty; leave it out for all")
    return frozenset(value)


def _seconds(table: dict[str, Any], key: str, place: str) -> int | None:
    if key not in table:
        return None
    value = table[key]
    found = span_s(value) if isinstance(value, str) else None
    if found is None:
        raise ConfigError(f'{place}: {key} is a span as "7d", "36h", "90m", "30s"')
    return found
