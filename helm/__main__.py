"""`python -m helm`: write the chart's schema and README's table; `--check`: say what is not current."""

from __future__ import annotations

import sys

from helm.readme import with_values
from helm.schema import CHART, values_schema
from proxy.errors import ConfigError


def main(arguments: list[str]) -> int:
    """Returns 1 where `--check` finds a file that is not current, or the chart does not fit the settings."""
    readme = (CHART / "README.md").read_text("utf-8")
    try:
        wanted = {"values.schema.json": values_schema(), "README.md": with_values(readme)}
    except ConfigError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    stale = [
        name
        for name, text in wanted.items()
        if not (CHART / name).exists() or (CHART / name).read_text("utf-8") != text
    ]
    if "--check" in arguments:
        for name in stale:
            sys.stderr.write(f"{CHART.name}/{name} is not current: run `make docs`\n")
        return bool(stale)
    for name in stale:
        (CHART / name).write_text(wanted[name], "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
