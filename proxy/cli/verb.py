"""What a verb is, and how the command ends."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

DONE: Final = 0
FOUND_A_PROBLEM: Final = 1
WRONG_USE: Final = 2
WORLD_FAILED: Final = 3

NAME: Final = "interactions-proxy"

Arguments = argparse.Namespace


@dataclass(frozen=True, slots=True)
class Verb:
    """One thing the command can do."""

    name: str
    help: str
    """One line."""
    example: str
    """A whole command that works."""
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[Arguments], int]
    """Returns the exit code; a ProxyError becomes a sentence."""
