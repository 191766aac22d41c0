"""The verb that starts the emulator."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from proxy.cli.emulator.moments import seconds_from_text
from proxy.cli.naming import command_of_ours
from proxy.cli.verb import DONE, Arguments

if TYPE_CHECKING:
    from proxy.emulator.scenarios.script import Scenario


def add_emulator_arguments(verb: argparse.ArgumentParser) -> None:
    """What the emulator can be told."""
    add = verb.add_argument
    add("--port", type=_port, default=9900, metavar="N", help="default 9900; 0 takes a free one")
    add("--json", action="store_true", help="say where it listens as one JSON object")
    add("--seed", type=int, metavar="N", help="answers and ids follow from it")
    add(
        "--scenario",
        type=Path,
        metavar="FILE",
        help="play this script instead of making answers up",
    )
    add(
        "--speed",
        type=_speed,
        default=0.0,
        metavar="X",
        help="1 streams like the service; 0 at once",
    )
    add(
        "--tier", choices=("free", "paid"), default="paid", help="free keeps interactions for 1 day"
    )
    add("--retention-days", type=int, metavar="N", help="7, 14, 28 or 55 (usual) on the paid tier")
    add(
        "--clock-start",
        type=_instant,
        metavar="T",
        help="what time it is there now, as 2026-12-24T00:00:00Z; the verb clock moves it on",
    )


def run_emulator(parsed: Arguments) -> int:
    """Serve until told to end.

    Raises:
        ConfigError: the scenario is not right.
        StartRefused: it cannot listen there, or the tier does not keep for so long.
    """
    from proxy.emulator.emulator import Settings
    from proxy.emulator.scenarios.library import load_scenario
    from proxy.emulator.server import announce_to_programs, run
    from proxy.emulator.state.clock import Clock

    scenario = load_scenario(parsed.scenario) if parsed.scenario else None
    clock = Clock()
    if parsed.clock_start is not None:
        clock.set(parsed.clock_start)

    def announce(url: str) -> None:
        print(f"emulator    {url} (takes any API key; Ctrl-C ends it)")
        if scenario is not None:
            print(f"scenario    {_described(scenario)}")
        print(f"record it   {command_of_ours()} serve --upstream {url}", flush=True)

    settings = Settings(
        seed=parsed.seed,
        speed=parsed.speed,
        scenario=scenario,
        tier=parsed.tier,
        retention_days=parsed.retention_days,
        clock=clock,
    )
    run(
        port=parsed.port,
        settings=settings,
        announce=announce_to_programs if parsed.json else announce,
    )
    return DONE


def _described(scenario: Scenario) -> str:
    order = "in this order" if scenario.order == "strict" else "in any order"
    rest = "is refused" if scenario.otherwise == "refuse" else "is made up"
    count = len(scenario.turns)
    turns = f"{count} turns, {order}" if count > 1 else "1 turn"
    return f"{scenario.name}: {turns}; anything else {rest}"


def _port(text: str) -> int:
    if text.isdecimal() and int(text) < 1 << 16:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a port: 0 to 65,535")


def _speed(text: str) -> float:
    try:
        speed = float(text)
    except ValueError:
        speed = -1.0
    if 0 <= speed < 1e6:
        return speed
    raise argparse.ArgumentTypeError(
        f"{text!r} is not a speed: 1 is the service's, 0 does not wait"
    )


def _instant(text: str) -> float:
    seconds = seconds_from_text(text)
    if seconds is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not an instant such as 2026-12-24T00:00:00Z")
    return seconds
