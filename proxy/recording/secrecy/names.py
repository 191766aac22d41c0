"""Which foreign names may stand in clear. Pure."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

ODD: Final = "(odd)"
"""Stands for a foreign text that may not be shown in clear."""
_CLEAR: Final = re.compile(r"[A-Za-z0-9_.:/-]+")
_CLEAR_CHARACTERS_MAX: Final = 80
REMEMBERED_MAX: Final = 2048
"""Names whose answer is kept: models, tools, tiers and statuses come again in every exchange, and are
a dozen in each. Short ones only, so 400 KB at most."""
_CLEAR_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,512}")
"""An interaction id. Real ones have about 68 characters; agents' are unseen."""
_CREDENTIAL_BYTES_MIN: Final = 20
"""Google's API keys have 39 characters, its tokens more; most names are shorter than any."""
_CREDENTIAL: Final = re.compile(
    r"(?<![a-z0-9])(?:AIza|ya29\.|AQ\.|GOCSPX-|sk-|gh[opsu]_|eyJ)[a-z0-9_.-]{16}", re.IGNORECASE
)
"""How keys and tokens begin: Google's, then those of services that tools talk to, then JWT."""


def is_like_credential(text: str) -> bool:
    """Whether a name holds what looks like a key: somebody put it where a name belongs."""
    return len(text) >= _CREDENTIAL_BYTES_MIN and _CREDENTIAL.search(text) is not None


def clear_name(text: str) -> str:
    """A foreign name as it may stand in a clear column: itself, or ODD."""
    return _clear_short(text) if len(text) <= _CLEAR_CHARACTERS_MAX else ODD


@lru_cache(maxsize=REMEMBERED_MAX)
def _clear_short(text: str) -> str:
    return text if _CLEAR.fullmatch(text) and not is_like_credential(text) else ODD


def clear_name_or_none(text: str | None) -> str | None:
    """The same for a name that may be missing; an empty one counts as missing."""
    return clear_name(text) if text else None


def clear_id(text: str) -> str:
    """An interaction id as it may stand in a clear column: itself, or ODD."""
    return text if is_clear_id(text) else ODD


def is_clear_id(text: str) -> bool:
    """Whether a text may be told as an interaction id. Ids are random: only their start is compared."""
    return _CLEAR_ID.fullmatch(text) is not None and _CREDENTIAL.match(text) is None
