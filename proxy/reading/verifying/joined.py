"""The verifier as one file: its modules one after the other, for people who have no proxy."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

MODULES: Final = (
    *("verifying/proofs", "verifying/account", "verifying/trail", "verifying/records"),
    *("verifying/bundle", "exporting/checking", "verifying/verifier"),
)
"""In an order in which each uses only what stands before it."""

_OURS: Final = re.compile(r"^from proxy\.[\w.]+ import (?:\([^)]*\)|[^\n]*)\n", re.MULTILINE)
_FUTURE: Final = "from __future__ import annotations\n"


def joined_verifier() -> str:
    """The source of a program that imports the standard library and `cryptography` only."""
    folder = Path(__file__).parents[1]
    texts = [(folder / f"{name}.py").read_text("utf-8") for name in MODULES]
    about = texts[-1].partition(_FUTURE)[0]
    bodies = [_OURS.sub("", text.partition(_FUTURE)[2]).strip() for text in texts]
    return f"#!/usr/bin/env python3\n{about}{_FUTURE}\n" + "\n\n\n".join(bodies) + "\n"
