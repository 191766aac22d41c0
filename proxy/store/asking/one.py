"""One interaction, by its id: what stands in its row, wherever that is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Ask = Callable[..., list[dict[str, Any]]]
"""Rows of a named query, its parameters by name. Raises StoreError."""


def about_one(ask: Ask, interaction: str) -> dict[str, Any] | None:
    """All columns of the view interactions, and its place in the conversation; None: nothing is known of it.

    It is looked for among those that are settled first: only what was told of in the last seconds is not.

    Raises:
        StoreError: the tables refused.
    """
    found = ask("interaction_settled", interaction=interaction)
    if not found:
        found = ask("interaction", interaction=interaction)
    if not found:
        return None
    about = found[0]
    given = {name: about[name] for name in ("interaction", "root_hash", "first_seen_at")}
    (place,) = ask("place_of", **given)
    return about | place


def steps_of(ask: Ask, about: dict[str, Any]) -> list[dict[str, Any]]:
    """Its timeline, in order; `about`: from `about_one`.

    Most interactions are told of by one exchange alone: then nothing has to be chosen, and the statement is
    understood in a fifth of the time.

    Raises:
        StoreError: the tables refused.
    """
    name = about["interaction"]
    if about["exchange_count"] != 1 or about["resume_count"]:
        return ask("timeline_of", interaction=name)
    return ask(
        "timeline_told_once",
        interaction=name,
        seen_at=about["first_seen_at"],
        has_input=about["input_step_count"] > 0,
        has_output=about["output_step_count"] > 0,
    )


def may_be_a_hop(about: dict[str, Any]) -> bool:
    """Whether it may be one of several that make up one answer; what it was not told of is none."""
    is_continued = about["has_continuation_token"] or about["status"] == "requires_continuation"
    return bool(is_continued or about["is_continuation"])
