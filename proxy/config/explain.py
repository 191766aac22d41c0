"""The settings for people: as lines for a terminal, as the table of the README."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from proxy.config.catalogue import CATALOGUE
from proxy.config.declare import GIB, KIB, MIB
from proxy.config.load import Resolved
from proxy.errors import ConfigError

BEGIN: Final = "<!-- settings: written by `make docs` -->"
END: Final = "<!-- /settings -->"


def explain_lines(resolved: Resolved, *, with_reasons: bool) -> Iterator[str]:
    """Each setting with its value and where that came from; with reasons also what it is for."""
    for name, setting in CATALOGUE.items():
        value = getattr(resolved.settings, setting.attribute)
        unit = f" {setting.unit}" if setting.unit else ""
        yield f"{name} = {_shown(value)}{unit}    [{resolved.origins[name]}]"
        if with_reasons:
            yield f"    {setting.why}"
            limits = f" · {setting.limits}" if setting.limits else ""
            yield f"    {setting.kind}{limits} · default {_shown(setting.default)} · {setting.environment}"


def settings_table() -> str:
    """The catalogue as a Markdown table."""
    lines = ["| setting | default | may be | change it because |", "|---|---|---|---|"]
    for name, setting in CATALOGUE.items():
        default = _shown(setting.default)
        limits = f"{setting.limits} {setting.unit}".strip() or str(setting.kind)
        lines.append(f"| `{name}` | {default} | {limits} | {setting.why} |")
    return "\n".join(lines)


def with_table(text: str) -> str:
    """A document with its table between BEGIN and END made anew.

    Raises:
        ConfigError: the document has no such place.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ConfigError(f"the document has no place for the table: add {BEGIN} and {END}")
    return f"{before}{BEGIN}\n{settings_table()}\n{END}{after}"


def _shown(value: object) -> str:
    """A value as a person would say it; sizes keep their exact number unless they are round."""
    if value is None:
        return "(none)"
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, int):
        for size, unit in ((GIB, "GiB"), (MIB, "MiB"), (KIB, "KiB")):
            if value >= size and value % size == 0:
                return f"{value} ({value // size} {unit})"
    return f"{value:g}" if isinstance(value, float) else str(value)
