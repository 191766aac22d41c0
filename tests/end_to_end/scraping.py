"""Scrapes of a running proxy, as Prometheus would make them."""

from __future__ import annotations

import urllib.request
from typing import Final

from tests.end_to_end.programs import look_until
from tests.end_to_end.stage import Proxy
from tests.telemetry.metrics.read import classic_families, open_families, sums

OPENMETRICS: Final = "application/openmetrics-text;version=1.0.0"
WITHIN_S: Final = 30


def scrape(proxy: Proxy, accept: str = "*/*") -> str:
    """One answer of the ops listener, whatever it says."""
    url = proxy.program.announced["ops"]
    request = urllib.request.Request(f"{url}/metrics", headers={"Accept": accept})
    with urllib.request.urlopen(request, timeout=WITHIN_S) as response:
        text: str = response.read().decode()
    return text


def scraped(proxy: Proxy) -> dict[str, float]:
    """Sums over all series by sample name; both forms tell of the same series.

    A family may get its first series between two scrapes: then both are made again.
    """

    def look() -> dict[str, float] | None:
        opened = sums(open_families(scrape(proxy, OPENMETRICS)))
        classic = sums(classic_families(scrape(proxy)))
        return classic if opened.keys() == classic.keys() else None

    return look_until(look, "two forms that tell of the same")


def counted(proxy: Proxy, exchange_count: int) -> dict[str, float]:
    """A scrape with so many exchanges in it: counting follows the vault a moment later."""

    def look() -> dict[str, float] | None:
        found = scraped(proxy)
        return found if found.get("ixp_exchanges_total") == exchange_count else None

    return look_until(look, f"{exchange_count} exchanges in the metrics")
