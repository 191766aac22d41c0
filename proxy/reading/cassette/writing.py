"""Scenarios as YAML that people can read: texts of several lines as blocks, nothing sorted. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import yaml

WIDTH: Final = 100
"""Columns of a line, where a text can be broken."""


class _Dumper(yaml.CSafeDumper):
    """Writes each value where it stands: the reader takes no aliases."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - PyYAML's signature
        return True


def _text(dumper: yaml.CSafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def yaml_from_scenario(scenario: dict[str, Any], notes: Iterable[str] = ()) -> str:
    """The text of a scenario; `notes` stand above it as comments."""
    above = "".join(f"# {' '.join(note.split())}\n" for note in notes)
    return above + yaml.dump(
        scenario, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=WIDTH
    )
