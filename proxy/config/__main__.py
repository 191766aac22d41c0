"""`python -m proxy.config README.md [--check]`: write the settings table, or say that it is stale."""

from __future__ import annotations

import sys
from pathlib import Path

from proxy.config.explain import with_table


def main(arguments: list[str]) -> int:
    """Refresh one document; with --check change nothing and return 1 if it is stale."""
    path = Path(arguments[0])
    found = path.read_text(encoding="utf-8")
    wanted = with_table(found)
    if found == wanted:
        return 0
    if "--check" in arguments:
        sys.stderr.write(f"the settings table of {path} is stale: run `make docs`\n")
        return 1
    path.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
