"""The rules of the door as a person writes them: TOML, read into rules. Pure; says what is wrong, and where."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from proxy.errors import ConfigError

RULES_MAX: Final = 200
"""Storage rules, and scopes: each is looked at for each request that is asked about."""
GROUNDING: Final = frozenset(
    {
        *("google_search", "google_search_retrieval", "google_maps", "enterprise_web_search"),
        *("retrieval", "exa_ai_search", "parallel_ai_search"),
    }
)
"""Tools whose questions are kept elsewhere, for 30 days at Google's search and maps (retention notes, 2.1)."""
_NAME: Final = re.compile(r"[A-Za-z0-9_.:-]{1,80}")
_FINGERPRINT: Final = re.compile(r"[0-9a-f]{16}")


def plain_name(text: str) -> str:
    """A model, an agent or an interaction without the folders that may stand before it."""
    return text.strip().rpartition("/")[2]


def tool_name(text: str) -> str:
    """The type of a tool in the one spelling in which rules and requests meet."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", text.strip()).lower().replace("-", "_")


class Do(StrEnum):
    """What becomes of a request that breaks a storage rule."""

    OBSERVE = "observe"
    REWRITE = "rewrite"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageRule:
    """What requests of these clients to these models must not ask for. Empty sets: all."""

    name: str
    clients: frozenset[str] = frozenset()
    models: frozenset[str] = frozenset()
    must_not_store: bool = False
    forbids_background: bool = False
    forbidden_tools: frozenset[str] = frozenset()
    do: Do = Do.REFUSE


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorRules:
    """All that the door goes by."""

    storage: tuple[StorageRule, ...] = ()
    refuses_held_deletes: bool = False
    is_bound: bool = False
    """Only the scope that created an interaction may reach it."""
    refuses_unknown: bool = True
    """Bound: what nobody was seen to create is nobody's."""
    scopes: Mapping[str, str] = field(default_factory=dict)
    """Fingerprints to the name of their scope. One that is not here is a scope of its own."""
    fails_open: bool = False
    """Storage rules alone: without an answer of the door a create passes, and that is told."""
    passes_large: bool = False
    """A create that is larger than what is looked at passes, and that is told. Not where interactions are bound."""

    @property
    def must_answer(self) -> bool:
        """Nothing may pass unasked."""
        return self.refuses_held_deletes or self.is_bound or not self.fails_open

    @property
    def enforces(self) -> bool:
        """Anything is refused or changed; else requests are only looked at."""
        is_kept = self.refuses_held_deletes or self.is_bound
        return is_kept or any(rule.do is not Do.OBSERVE for rule in self.storage)

    def scope_of(self, client: str) -> str:
        return self.scopes.get(client, client)


def rules_from(text: str, source: str) -> DoorRules:
    """The rules of a file; DOOR.md shows one.

    Args:
        text: TOML.
        source: how to name the file in a message.

    Raises:
        ConfigError: what is wrong, and where.
    """
    try:
        given = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{source} is not TOML: {error}") from error
    _known(given, {"door", "holds", "binding", "storage"}, source)
    door = _Table(given.get("door", {}), f"{source}, [door]")
    holds = _Table(given.get("holds", {}), f"{source}, [holds]")
    binding = _Table(given.get("binding", {}), f"{source}, [binding]")
    storage = given.get("storage", [])
    if not isinstance(storage, list) or len(storage) > RULES_MAX:
        raise ConfigError(f"{source}: give each storage rule as [[storage]], {RULES_MAX} at most")
    rules = DoorRules(
        storage=tuple(
            _storage(each, f"{source}, storage {n}") for n, each in enumerate(storage, 1)
        ),
        refuses_held_deletes=holds.flag("refuse_client_deletes"),
        is_bound=binding.flag("enabled"),
        refuses_unknown=binding.choice("unknown", ("refuse", "pass")) == "refuse",
        scopes=_scopes(binding.take("scope", []), f"{source}, binding.scope"),
        fails_open=door.choice("without_answer", ("refuse", "pass")) == "pass",
        passes_large=door.choice("large", ("refuse", "pass")) == "pass",
    )
    for table in (door, holds, binding):
        table.check_empty()
    names = [rule.name for rule in rules.storage]
    if len(set(names)) < len(names):
        raise ConfigError(f"{source}: two storage rules have the same name")
    if rules.fails_open and (rules.is_bound or rules.refuses_held_deletes):
        raise ConfigError(
            f'{source}, [door]: without_answer = "pass" is for storage rules alone: '
            "holds and binding refuse what they cannot answer"
        )
    return rules


def _storage(given: Any, place: str) -> StorageRule:
    table = _Table(given, place)
    name = table.take("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ConfigError(f"{place}: give it a name of letters, digits and _.:- (80 at most)")
    tools = frozenset(map(tool_name, table.texts("forbid_tools")))
    grounding = GROUNDING if table.flag("forbid_grounding") else frozenset()
    rule = StorageRule(
        name=name,
        clients=_fingerprints(table.texts("clients"), place),
        models=frozenset(map(plain_name, table.texts("models"))),
        must_not_store=table.flag("require_store_false"),
        forbids_background=table.flag("forbid_background"),
        forbidden_tools=tools | grounding,
        do=Do(table.choice("do", (Do.REFUSE, Do.REWRITE, Do.OBSERVE))),
    )
    table.check_empty()
    if not (rule.must_not_store or rule.forbids_background or rule.forbidden_tools):
        raise ConfigError(
            f"{place}: it asks for nothing; give one of require_store_false, forbid_background, "
            "forbid_grounding, forbid_tools"
        )
    if rule.do is Do.REWRITE and (rule.forbids_background or rule.forbidden_tools):
        raise ConfigError(
            f"{place}: only require_store_false can be done by rewriting; give what is forbidden "
            "a rule of its own that refuses or observes"
        )
    return rule


def _scopes(given: Any, place: str) -> dict[str, str]:
    if not isinstance(given, list) or len(given) > RULES_MAX:
        raise ConfigError(f"{place}: give each as [[binding.scope]], {RULES_MAX} at most")
    found: dict[str, str] = {}
    for number, each in enumerate(given, 1):
        table = _Table(each, f"{place} {number}")
        name = table.take("name")
        if not isinstance(name, str) or not _NAME.fullmatch(name) or _FINGERPRINT.fullmatch(name):
            raise ConfigError(f"{place} {number}: give it a name that is no fingerprint")
        clients = _fingerprints(table.texts("clients"), f"{place} {number}")
        table.check_empty()
        if twice := clients & found.keys():
            raise ConfigError(f"{place} {number}: {min(twice)} belongs to another scope already")
        found.update(dict.fromkeys(clients, name))
    return found


def _fingerprints(texts: frozenset[str], place: str) -> frozenset[str]:
    for each in sorted(texts):
        if not _FINGERPRINT.fullmatch(each):
            raise ConfigError(
                f"{place}: clients are fingerprints of 16 hexadecimal digits "
                "(column client of the table exchanges shows them)"
            )
    return texts


def _known(given: Mapping[str, Any], names: set[str], place: str) -> None:
    if unknown := given.keys() - names:
        known = ", ".join(sorted(names))
        raise ConfigError(f"{place}: {', '.join(sorted(unknown))} is not known; there is {known}")


class _Table:
    """One table of the file, emptied as it is read."""

    def __init__(self, given: Any, place: str) -> None:
        if not isinstance(given, dict):
            raise ConfigError(f"{place}: give it as a table")
        self._left: dict[str, Any] = dict(given)
        self._asked: set[str] = set()
        self._place = place

    def take(self, name: str, default: Any = None) -> Any:
        self._asked.add(name)
        return self._left.pop(name, default)

    def flag(self, name: str) -> bool:
        value = self.take(name, default=False)
        if not isinstance(value, bool):
            raise ConfigError(f"{self._place}: {name} is true or false")
        return value

    def choice(self, name: str, choices: tuple[str, ...]) -> str:
        """The first is the default."""
        value = self.take(name, choices[0])
        if value not in choices:
            raise ConfigError(f"{self._place}: {name} is one of {', '.join(choices)}")
        return str(value)

    def texts(self, name: str) -> frozenset[str]:
        is_given = name in self._left
        value = self.take(name, [])
        if not isinstance(value, list) or not all(isinstance(one, str) and one for one in value):
            raise ConfigError(f'{self._place}: {name} is a list of texts, say ["..."]')
        if is_given and not value:  # an empty list would be for all, and mean none
            raise ConfigError(f"{self._place}: {name} is empty; leave it out for all")
        return frozenset(value)

    def check_empty(self) -> None:
        _known(self._left, self._asked, self._place)
