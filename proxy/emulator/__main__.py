"""`python -m proxy.emulator`: the emulator as a process of its own."""

from __future__ import annotations

import argparse
from pathlib import Path

from proxy.emulator.asked.faults import BODIES, DRIFTS, FAULTS, FRAMINGS, HEADER
from proxy.emulator.emulator import Settings
from proxy.emulator.scenarios.library import load_scenario
from proxy.emulator.server import run
from proxy.emulator.state.clock import Clock
from proxy.emulator.state.runs import USUAL_PACE, Pace


def main(arguments: list[str] | None = None) -> None:
    """Read the options and serve until told to end."""
    given = _parser().parse_args(arguments)
    settings = Settings(
        seed=given.seed,
        speed=given.speed,
        legacy=given.legacy,
        scenario=load_scenario(given.scenario) if given.scenario else None,
        is_strict=given.strict,
        pace=Pace(given.background_polls, given.background_seconds),
        tier=given.tier,
        retention_days=given.retention_days,
        delivers_anywhere=given.deliver_anywhere,
        clock=Clock(given.clock_start),
    )
    run(given.host, given.port, ledger=given.ledger, settings=settings)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m proxy.emulator",
        description="An offline stand-in for Google's Interactions API.",
        epilog=_faults(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--host", default="127.0.0.1")
    add("--port", type=int, default=0, help="0 takes a free one; see the ready line")
    add("--ledger", type=Path, help="append what was received and answered to this file")
    add("--seed", type=int, help="answers and ids follow from it")
    add("--clock-start", type=int, help="Unix second; the clock then moves with requests only")
    add("--speed", type=float, default=0.0, help="1 streams like the service, 0 does not wait")
    add("--scenario", type=Path, help="play this script instead of making answers up")
    add("--legacy", choices=("serve", "refuse"), default="serve")
    add("--strict", action="store_true", help="refuse unknown top-level fields")
    add("--tier", choices=("free", "paid"), default="paid", help="free keeps for 1 day")
    add("--retention-days", type=int, help="7, 14, 28 or 55 on the paid tier; 55 if not given")
    add(
        "--deliver-anywhere",
        action="store_true",
        help="call webhooks on other machines too; without it on loopback addresses only",
    )
    add("--background-polls", type=int, default=USUAL_PACE.polls)
    add("--background-seconds", type=float, default=USUAL_PACE.seconds)
    return parser


def _faults() -> str:
    """All words of faults and their values, as they stand in their tables."""
    bodies = {name: body.decode() or "nothing" for name, body in BODIES.items()}
    tables = {
        f'faults, in the header {HEADER} or as model "fault:…"': FAULTS,
        "framings, as framing=crlf+ids": FRAMINGS,
        "drifts, as drift=field+event": DRIFTS,
        "bodies, as body=broken": bodies,
    }
    return "\n\n".join(
        f"{title}:\n" + "\n".join(f"  {name:<16}{meaning}" for name, meaning in table.items())
        for title, table in tables.items()
    )


if __name__ == "__main__":
    main()
