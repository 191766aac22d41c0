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


def may_be_a_hop(about: dict[str, Any]) -> bool:
    """Whether it may be one of several that make up one answer; what it was not told of is none."""
    is_continued = about["has_continuation_token"] or about["status"] == "requires_continuation"
    return bool(is_continued or about["is_continuation"])
