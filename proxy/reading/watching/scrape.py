"""One scrape of the ops listener, read back into numbers; differences of two; quantiles of histograms."""

from __future__ import annotations

import http.client
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from proxy.errors import StoreError

ANSWER_S: Final = 10.0
"""The listener itself waits 3 s for the recorder."""
_LINE: Final = re.compile(r"([a-z_:][a-z0-9_:]*)(?:\{(.*)\})? (\S+)")
_LABEL: Final = re.compile(r'([a-z_]+)="((?:[^"\\]|\\.)*)"')

Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Scrape:
    """Values by sample name and labels."""

    values: Mapping[str, Mapping[Labels, float]]

    def total(self, name: str, **only: str) -> float:
        """The sum over all series that have these labels; 0: there is none."""
        return sum(
            value
            for labels, value in self.values.get(name, {}).items()
            if only.items() <= dict(labels).items()
        )

    def by(self, name: str, label: str) -> dict[str, float]:
        """Sums by the values of one label."""
        found: dict[str, float] = {}
        for labels, value in self.values.get(name, {}).items():
            key = dict(labels).get(label, "")
            found[key] = found.get(key, 0) + value
        return found

    def quantile(self, name: str, part: float, **only: str) -> float | None:
        """Of a histogram, between two bounds by proportion, as PromQL does; None: nothing was counted."""
        counts: dict[float, float] = {}
        for labels, value in self.values.get(f"{name}_bucket", {}).items():
            given = dict(labels)
            if only.items() <= given.items():
                bound = float(given["le"])
                counts[bound] = counts.get(bound, 0) + value
        bounds = sorted(counts)
        if not bounds or counts[bounds[-1]] <= 0:
            return None
        wanted = part * counts[bounds[-1]]
        below, lower = 0.0, 0.0
        for bound in bounds:
            if counts[bound] >= wanted:
                if bound == float("inf"):
                    return lower
                share = (wanted - below) / ((counts[bound] - below) or 1)
                return lower + (bound - lower) * share
            below, lower = counts[bound], bound
        return lower

    def since(self, before: Scrape) -> Scrape:
        """What was added; a series that is smaller than before began anew."""
        return Scrape(
            {
                name: {
                    labels: value - old
                    if (old := before.values.get(name, {}).get(labels, 0.0)) <= value
                    else value
                    for labels, value in series.items()
                }
                for name, series in self.values.items()
            }
        )


def parse(text: str) -> Scrape:
    """Prometheus' classic text; lines that are none are left out."""
    values: dict[str, dict[Labels, float]] = {}
    for line in text.splitlines():
        found = _LINE.fullmatch(line)
        if found is None:
            continue
        labels = tuple(_LABEL.findall(found[2] or ""))
        try:
            values.setdefault(found[1], {})[labels] = float(found[3])
        except ValueError:
            continue
    return Scrape(values)


def ops_url(run_folder: Path) -> str:
    """Where the running proxy answers.

    Raises:
        StoreError: none runs here, or it has no ops listener.
    """
    try:
        return str(json.loads((run_folder / "ops.json").read_text("utf-8"))["url"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError(
            f"no proxy with an ops listener on {run_folder.parent}: start it, or see ops.address"
        ) from error


def scrape(url: str) -> Scrape:
    """Ask once.

    Raises:
        StoreError: nobody answers there.
    """
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=ANSWER_S)
    try:
        connection.request("GET", "/metrics")
        answer = connection.getresponse()
        body = answer.read()
    except (OSError, http.client.HTTPException) as error:
        raise StoreError(f"{url} does not answer ({error}): is the proxy running?") from error
    finally:
        connection.close()
    if answer.status != http.client.OK:
        raise StoreError(f"{url} answered {answer.status}: is it the proxy's ops listener?")
    return parse(body.decode("utf-8", "replace"))
