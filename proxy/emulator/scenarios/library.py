"""Scenario files: those of the user, and the examples that come with the emulator."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from proxy.emulator.scenarios.format.check import scenario_from_source
from proxy.emulator.scenarios.format.fields import nearest
from proxy.emulator.scenarios.format.source import SCENARIO_BYTES_MAX, read_source
from proxy.emulator.scenarios.script import Scenario
from proxy.errors import ConfigError


def load_scenario(path: Path) -> Scenario:
    """The scenario in a file.

    Raises:
        ConfigError: it cannot be read, or is not right; a line for each problem.
    """
    try:
        with path.open("rb") as file:
            data = file.read(SCENARIO_BYTES_MAX + 1)
    except OSError as error:
        raise ConfigError(f"cannot read the scenario {path}: {error.strerror}") from error
    return scenario_from_source(read_source(data, str(path)))


def example_names() -> list[str]:
    """What `example_text` knows."""
    files = (resources.files("proxy.emulator.scenarios") / "examples").iterdir()
    return sorted(file.name.removesuffix(".yaml") for file in files if file.name.endswith(".yaml"))


def example_text(name: str) -> str:
    """An example as it would stand in a file.

    Raises:
        ConfigError: there is none of that name.
    """
    names = example_names()
    if name not in names:
        raise ConfigError(f"no example {name!r}; {nearest(name, names)}")
    file = resources.files("proxy.emulator.scenarios") / "examples" / f"{name}.yaml"
    return file.read_text("utf-8")


def example(name: str) -> Scenario:
    """An example, ready to be played.

    Raises:
        ConfigError: there is none of that name.
    """
    return scenario_from_source(read_source(example_text(name).encode(), f"{name}.yaml"))
