"""Policies as a person writes them: TOML, read into rules. Pure; says what is wrong, and where.

[[policy]]
name = "support"
clients = ["0123456789abcdef"]
labels = ["team=care"]
tools = ["google_search"]
delete_upstream_after = "7d"
erase_local_after = "90d"

[[policy]]
name = "books"
labels = ["team=finance"]
keep_local = "3650d"
mode = "compliance"
"""

from __future__ import annotations

import re
import tomllib
from typing import Any, Final

from proxy.audit.retention.policy import Policy
from proxy.errors import ConfigError

POLICIES_MAX: Final = 1000
"""Each is looked at for each copy that is due, and for each exchange."""
POLICIES_BYTES_MAX: Final = 1024 * 1024
"""Of the file; read one more, so that a larger one is known for what it is."""
_SPAN: Final = re.compile(r"([0-9]{1,6})([smhd])")
_UNIT_S: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_NAME: Final = re.compile(r"[A-Za-z0-9_.:-]{1,80}")
_SETS: Final = ("clients", "labels", "models", "tools")
_SPANS: Final = ("delete_upstream_after", "erase_local_after", "keep_local")
_WISHES: Final = (*_SPANS, "never_store")
_MODES: Final = ("governance", "compliance")
LOCKED_NAMES_MAX: Final = 100
"""Clients, labels, models and tools of a policy of mode compliance: it is an act, which has 16 KiB."""
_LOCKED_CHARACTERS_MAX: Final = 80


def policies_text(read: bytes, source: str) -> str:
    """What was read of the file, as text.

    Raises:
        ConfigError: it is too large, since its beginning would be fewer policies, or no UTF-8.
    """
    if len(read) > POLICIES_BYTES_MAX:
        raise ConfigError(f"{source} has more than {POLICIES_BYTES_MAX} bytes")
    try:
        return read.decode()
    except UnicodeDecodeError as error:
        raise ConfigError(f"{source} is not UTF-8: byte {error.start}") from error


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
    unknown = table.keys() - {"name", *_SETS, *_WISHES, "mode"}
    if unknown:
        known = ", ".join(("name", *_SETS, *_WISHES, "mode"))
        raise ConfigError(f"{place}: {', '.join(sorted(unknown))} is not known; there is {known}")
    name = table.get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ConfigError(f"{place}: give it a name of letters, digits and _.:- (80 at most)")
    sets = {key: _set(table, key, place) for key in _SETS}
    if not all("=" in label for label in sets["labels"]):
        raise ConfigError(f'{place}: a label is "key=value"')
    spans = {key: _seconds(table, key, place) for key in _SPANS}
    never_store = table.get("never_store", False)
    if not isinstance(never_store, bool):
        raise ConfigError(f"{place}: never_store is true or false")
    if not never_store and all(value is None for value in spans.values()):
        raise ConfigError(f"{place}: it asks for nothing; give one of {', '.join(_WISHES)}")
    if never_store and (spans["keep_local"] or spans["erase_local_after"]) is not None:
        raise ConfigError(f"{place}: what is never stored can be neither kept nor erased here")
    mode = table.get("mode", _MODES[0])
    if mode not in _MODES or ("mode" in table and spans["keep_local"] is None):
        raise ConfigError(f"{place}: mode is {' or '.join(_MODES)}, and goes with keep_local")
    told = [each for names in sets.values() for each in names]
    if mode == "compliance" and (
        len(told) > LOCKED_NAMES_MAX or max(map(len, told), default=0) > _LOCKED_CHARACTERS_MAX
    ):
        raise ConfigError(
            f"{place}: mode compliance takes {LOCKED_NAMES_MAX} clients, labels, models and tools of "
            f"{_LOCKED_CHARACTERS_MAX} characters: make several policies of it"
        )
    return Policy(
        name=name,
        clients=sets["clients"],
        labels=sets["labels"],
        models=sets["models"],
        tools=sets["tools"],
        delete_upstream_after_s=spans["delete_upstream_after"],
        erase_local_after_s=spans["erase_local_after"],
        keep_local_s=spans["keep_local"],
        never_store=never_store,
        is_locked=mode == "compliance",
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
