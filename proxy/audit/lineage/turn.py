"""One interaction as lineage looks at it, and what an edge between two of them says. Pure."""

from __future__ import annotations

from typing import Final

from proxy.values import plain_value

MUST_BE_SENT: Final = frozenset(
    [
        "agent_config",
        "environment",
        "generation_config",
        "safety_settings",
        "system_instruction",
        "tools",
    ]
)
"""Settings that change what the next answer is, and that it does not inherit. Source: reference, 12.1."""
_NOT_FOR_AGENTS: Final = frozenset({"generation_config"})
_NOT_FOR_MODELS: Final = frozenset({"agent_config", "environment"})
_ENDED_BADLY: Final = frozenset({"failed", "cancelled"})


@plain_value(frozen=True, slots=True)
class Turn:
    """One interaction. Instants are anything that compares, say microseconds."""

    interaction: str
    at: int
    """When it was created."""
    previous: str | None = None
    model: str | None = None
    agent: str | None = None
    status: str | None = None
    error_code: str | None = None
    store: str | None = None
    """true, false, inherited; None: its create was not seen."""
    deleted_at: int | None = None
    is_continuation: bool = False
    settings_sent: str | None = None
    """Names with commas; None: not known."""
    tool_types: str | None = None
    input_tokens: int | None = None
    cached_tokens: int | None = None
    total_tokens: int | None = None
    cost_pico_usd: int | None = None
    """None: nothing of it was priced."""
    is_cost_complete: bool = False
    answers: tuple[str, ...] = ()
    """Digests (chain_mac, step_mac) of what it answered."""
    history: tuple[tuple[str, ...], ...] = ()
    """Of each answer repeated in its input, in order: its digests, the surest first."""


def can_go_on(turn: Turn) -> bool:
    """Whether the conversation could be continued from here."""
    return turn.deleted_at is None and turn.status is not None and turn.status not in _ENDED_BADLY


def was_refused(turn: Turn) -> bool:
    """Its create was answered with an error: there is no such turn to go on from, and nothing to pay."""
    return turn.status is None and turn.error_code is not None


def fell_away(before: Turn, after: Turn) -> tuple[str, ...]:
    """Settings of `before` that `after` did not send again, by the alphabet.

    Single tools that are missing while others were sent: "tools.google_search". Nothing is said where
    it is not known what was sent, and of settings that `after` could not have.
    """
    if before.settings_sent is None or after.settings_sent is None:
        return ()
    sent = set(after.settings_sent.split(","))
    lost = (set(before.settings_sent.split(",")) & MUST_BE_SENT) - sent
    lost -= _NOT_FOR_AGENTS if after.agent else _NOT_FOR_MODELS
    if "tools" in sent and before.tool_types and after.tool_types:
        kinds = set(before.tool_types.split(",")) - set(after.tool_types.split(","))
        lost |= {f"tools.{kind}" for kind in kinds}
    return tuple(sorted(lost))


def cached_share(turn: Turn) -> float | None:
    """How much of what went in came out of the cache, 0 to 1."""
    if not turn.input_tokens or turn.cached_tokens is None:
        return None
    return min(1.0, turn.cached_tokens / turn.input_tokens)
