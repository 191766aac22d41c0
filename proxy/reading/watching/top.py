"""`top`: what passes through a proxy just now, in the terminal, without Grafana."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

from rich.console import Group
from rich.live import Live
from rich.text import Text

from proxy.errors import StoreError
from proxy.reading.layout import terminal
from proxy.reading.layout.table import Heading, table
from proxy.reading.layout.terminal import bytes_text, cut, duration_text, one_line
from proxy.reading.watching.scrape import Scrape, ops_url, scrape

EACH_S: Final = 2.0
"""Between two looks: long enough for a rate, short enough to watch."""
MODELS_MAX: Final = 10
"""Lines of models: the busiest."""
DONE: Final = 0
_NOTHING: Final = Scrape({})


def run(run_folder: Path, *, once: bool, wait: Callable[[], object] | None = None) -> int:
    """Show until Ctrl-C; `once`: print what was since the proxy began, and leave.

    `wait` is called between two looks; tests raise KeyboardInterrupt there.

    Raises:
        StoreError: no proxy answers.
    """
    url = ops_url(run_folder)
    console = terminal.console()
    first = scrape(url)
    if once:
        for line in lines(first, _NOTHING, None, console.width):
            console.print(line)
        return DONE
    pause = wait or _pause
    before = first
    try:
        with Live(console=console, screen=console.is_terminal, auto_refresh=False) as live:
            while True:
                pause()
                try:
                    now = scrape(url)
                except StoreError as error:
                    live.update(Text(one_line(str(error)), "bold red"), refresh=True)
                    continue
                live.update(Group(*lines(now, before, EACH_S, console.width)), refresh=True)
                before = now
    except KeyboardInterrupt:
        return DONE


def lines(now: Scrape, before: Scrape, seconds: float | None, width: int) -> list[Text]:
    """The whole picture; `seconds` between the two scrapes, None: all since the beginning."""
    passed = now.since(before)
    shown = [
        _traffic(now, passed, seconds),
        _latency(passed),
        _money(passed, seconds),
        _waiting(now),
        _audit(now),
    ]
    shown = [Text(cut(line.plain, width), line.style) for line in shown]
    return [*shown, Text(""), *_models(passed, seconds, width)]


def _traffic(now: Scrape, passed: Scrape, seconds: float | None) -> Text:
    count = passed.total("ixp_gateway_exchanges_seen_total")
    errors = sum(
        value
        for code, value in passed.by("ixp_exchanges_total", "code").items()
        if code.startswith(("4", "5"))
    )
    in_flight = now.total("ixp_gateway_requests_in_flight")
    return Text(
        f"traffic     {_rate(count, seconds, 'exchanges')}, {in_flight:,.0f} in flight, "
        f"{_rate(errors, seconds, 'errors')}, "
        f"{now.total('ixp_gateway_connections'):,.0f} connections"
    )


def _latency(passed: Scrape) -> Text:
    def both(name: str, **only: str) -> str:
        found = [passed.quantile(name, part, **only) for part in (0.5, 0.95)]
        return " / ".join("-" if each is None else duration_text(int(each * 1e9)) for each in found)

    return Text(
        f"p50 / p95   create {both('ixp_exchange_duration_seconds', operation='create')}, "
        f"first event {both('ixp_time_to_first_event_seconds')}, "
        f"our wait {both('ixp_gateway_commit_wait_seconds')}"
    )


def _money(passed: Scrape, seconds: float | None) -> Text:
    tokens = passed.by("ixp_tokens_total", "type")
    named = ", ".join(
        f"{_amount(tokens.get(kind, 0), seconds)} {kind}" for kind in ("input", "output", "thought")
    )
    cost = passed.total("ixp_cost_usd_total")
    spent = f"{cost:,.4f} USD" if seconds is None else f"{cost * 3600 / seconds:,.2f} USD/h"
    return Text(f"tokens      {named}; about {spent}")


def _waiting(now: Scrape) -> Text:
    count = now.total("ixp_background_interactions")
    oldest_s = now.total("ixp_background_oldest_age_seconds")
    age = f", the oldest for {duration_text(int(oldest_s * 1e9))}" if count else ""
    return Text(f"background  {count:,.0f} open{age}")


def _audit(now: Scrape) -> Text:
    is_up = now.total("ixp_recorder_up") == 1
    lag = duration_text(int(now.total("ixp_recorder_lag_seconds") * 1e9))
    backlog = bytes_text(int(now.total("ixp_recorder_backlog_bytes")))
    lost = now.total("ixp_audit_gap_exchanges_total")
    modes = now.by("ixp_gateway_mode", "journal_mode")
    strict = "strict" if not modes.get("available") else "available"
    state = "" if is_up else "THE RECORDER DOES NOT ANSWER, "
    text = f"audit       {state}{strict}, {lag} behind, {backlog} backlog, {lost:,.0f} not recorded"
    return Text(text, "" if is_up and not lost else "bold red")


def _models(passed: Scrape, seconds: float | None, width: int) -> list[Text]:
    counts = passed.by("ixp_interactions_total", "model")
    tokens = passed.by("ixp_tokens_total", "model")
    cost = passed.by("ixp_cost_usd_total", "model")
    busiest = sorted(counts, key=lambda model: (-counts[model], model))[:MODELS_MAX]
    rows = [
        (
            model,
            _amount(counts[model], seconds),
            _seconds(passed.quantile("ixp_interaction_duration_seconds", 0.95, model=model)),
            _amount(tokens.get(model, 0), seconds),
            f"{cost.get(model, 0):.4f}",
        )
        for model in busiest
        if counts[model] > 0
    ]
    names = ("interactions", "p95", "tokens", "USD")
    headings = [Heading("model", is_number=False), *(Heading(n, is_number=True) for n in names)]
    return table(headings, rows, width)


def _rate(count: float, seconds: float | None, noun: str) -> str:
    return f"{_amount(count, seconds)} {noun}"


def _amount(count: float, seconds: float | None) -> str:
    return f"{count:,.0f}" if seconds is None else f"{count / seconds:,.1f}/s"


def _seconds(value: float | None) -> str:
    return "-" if value is None else duration_text(int(value * 1e9))


def _pause() -> None:
    threading.Event().wait(EACH_S)
