"""`python -m proxy.telemetry`: every metric as a table in Markdown."""

from __future__ import annotations

import sys

from proxy.telemetry.instruments import INSTRUMENTS


def main() -> int:
    """Print the table."""
    lines = ["| metric | type | labels | from | what it says |", "|---|---|---|---|---|"]
    lines += [
        f"| `{each.name}` | {each.kind} | {', '.join(each.labels)} | {each.source} | {each.help} |"
        for each in INSTRUMENTS.values()
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
