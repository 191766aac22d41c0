"""How the command calls itself in what it prints."""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path

from proxy.cli.verb import NAME


def command_of_ours() -> str:
    """What to type to run it again: the bare name only where the shell would find it."""
    called = Path(sys.argv[0])
    if shutil.which(NAME):
        return NAME
    if called.name == NAME:
        return shlex.quote(sys.argv[0])
    return f"{shlex.quote(sys.executable)} -m proxy"
