"""A Dockerfile, read: its stages and what each says. Enough for ours; anything else is refused."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

KNOWN: Final = frozenset(
    [
        "ARG",
        "FROM",
        "WORKDIR",
        "COPY",
        "RUN",
        "ENV",
        "VOLUME",
        "USER",
        "EXPOSE",
        "HEALTHCHECK",
        "ENTRYPOINT",
        "CMD",
    ]
)
_CONTINUED: Final = re.compile(r"\\\n\s*")
_OPTIONS: Final = re.compile(r"^(--\S+\s+)+CMD\s+")


@dataclass(frozen=True, slots=True)
class Instruction:
    """RUN and what it runs."""

    verb: str
    text: str

    @property
    def words(self) -> list[str]:
        """Of the form ["serve", "--json"]."""
        found: list[str] = json.loads(self.text)
        return found


@dataclass(slots=True)
class Stage:
    """From one FROM to the next."""

    name: str
    instructions: list[Instruction] = field(default_factory=list)

    def all(self, verb: str) -> Iterator[str]:
        return (each.text for each in self.instructions if each.verb == verb)

    def last(self, verb: str) -> Instruction:
        """The one that counts."""
        return [each for each in self.instructions if each.verb == verb][-1]

    @property
    def environment(self) -> dict[str, str]:
        return dict(each.split("=", 1) for each in self.all("ENV"))

    @property
    def health(self) -> str:
        """The command, for a shell."""
        return _OPTIONS.sub("", self.last("HEALTHCHECK").text)


def read_stages(text: str) -> list[Stage]:
    """The stages, in order.

    Raises:
        AssertionError: an instruction that the tests would not try.
    """
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    stages: list[Stage] = []
    for line in _CONTINUED.sub("", "\n".join(lines)).splitlines():
        verb, _, rest = line.strip().partition(" ")
        if not verb:
            continue
        assert verb in KNOWN, f"teach tests/outside/container what {verb} does"
        if verb == "FROM":
            stages.append(Stage(rest.partition(" AS ")[2]))
        elif stages:
            stages[-1].instructions.append(Instruction(verb, rest.strip()))
    return stages
