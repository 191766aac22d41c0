"""The SDKs of the matrix: installed by `make outside`, which names their versions. Missing means failed."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

PROGRAMS: Final = Path(__file__).parent / "programs"
FOLDER: Final = Path(__file__).parents[2] / ".venvs"


@dataclass(frozen=True, slots=True)
class Sdk:
    """One version of one of Google's two SDKs."""

    language: Literal["python", "javascript"]
    version: str

    @property
    def name(self) -> str:
        return f"{self.language}-{self.version}"

    @property
    def is_old(self) -> bool:
        """Whether it speaks the `outputs` schema: all before 2.0."""
        return int(self.version.partition(".")[0]) < 2

    def command(self, program: str, *arguments: str) -> list[str]:
        """How to run a program of ours in this SDK: `play` is play.py or play.mjs."""
        if self.language == "python":
            python = _present(FOLDER / self.name / "bin" / "python")
            return [str(python), str(PROGRAMS / f"{program}.py"), *arguments]
        node = shutil.which("node")
        assert node is not None, "node is missing: install Node.js 20 or newer"
        package = _present(FOLDER / "javascript" / "node_modules" / f"genai-{self.version}")
        return [node, str(PROGRAMS / f"{program}.mjs"), *arguments, str(package)]


@dataclass(frozen=True, slots=True)
class Player:
    """An SDK and which of its clients plays."""

    sdk: Sdk
    mode: Literal["sync", "async"]

    def __str__(self) -> str:
        return f"{self.sdk.name}-{self.mode}"


def _present(path: Path) -> Path:
    assert path.exists(), f"{path} is missing: `make outside`"
    return path


def _versions(name: str) -> list[str]:
    assert name in os.environ, f"{name} is not set: run this with `make outside`"
    return os.environ[name].split()


SDKS: Final = (
    *(Sdk("python", version) for version in _versions("SDKS_PYTHON")),
    *(Sdk("javascript", version) for version in _versions("SDKS_JAVASCRIPT")),
)
PLAYERS: Final = tuple(
    Player(sdk, mode)
    for sdk in SDKS
    for mode in (("sync", "async") if sdk.language == "python" else ("async",))
)
"""JavaScript knows no other client than the asynchronous one."""
