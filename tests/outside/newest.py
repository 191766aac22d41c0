"""Says when a newer SDK exists than the matrix tests: `make sdks-newest`.

Only tells: a version that appeared overnight fails nobody, and without a network nothing is said.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Sequence
from typing import Final

ASKED_WITHIN_S: Final = 20.0
PIP: Final = (sys.executable, "-m", "pip", "index", "versions", "google-genai")
NPM: Final = ("npm", "view", "--json", "@google/genai", "versions")
"""Both name all versions, each in its own way."""

_RELEASE: Final = re.compile(r"(?<![\w.-])\d+\.\d+\.\d+(?![\w.-])")
"""No alpha, no preview."""


def newer(tested: Sequence[str], released: Sequence[str]) -> list[str]:
    """The newest release of each major version that is newer than all tested ones of it.

    Only of the newest major version tested, the one before it, and what came after.
    """
    known: dict[int, tuple[int, ...]] = {}
    for version in map(_numbers, tested):
        known[version[0]] = max(version, known.get(version[0], version))
    oldest = max(known) - 1
    newest: dict[int, tuple[int, ...]] = {}
    for version in map(_numbers, released):
        if version[0] >= oldest and version > known.get(version[0], (0,)):
            newest[version[0]] = max(version, newest.get(version[0], version))
    return [".".join(map(str, newest[major])) for major in sorted(newest)]


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def _released(command: Sequence[str]) -> list[str]:
    """All releases that a registry's client tells of; none if it cannot say."""
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=ASKED_WITHIN_S, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return []
    return _RELEASE.findall(done.stdout)


def main(python: str, javascript: str) -> None:
    for name, tested, command in (
        ("google-genai", python, PIP),
        ("@google/genai", javascript, NPM),
    ):
        for version in newer(tested.split(), _released(command)):
            print(f"make: {name} {version} exists; the matrix in Makefile tests {tested}")


if __name__ == "__main__":
    main(*sys.argv[1:])
