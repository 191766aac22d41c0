"""What passes just now, on one screen."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from rich.cells import cell_len

from proxy.errors import StoreError
from proxy.reading.watching import top
from proxy.reading.watching.scrape import Scrape, parse
from proxy.telemetry.instruments import INSTRUMENTS
from tests.reading.watching.answering import answering

TEXT = """
ixp_gateway_exchanges_seen_total{worker="0"} 100
ixp_gateway_requests_in_flight{worker="0"} 3
ixp_gateway_connections{worker="0"} 5
ixp_gateway_mode{worker="0",journal_mode="strict"} 1
ixp_gateway_mode{worker="0",journal_mode="available"} 0
ixp_exchanges_total{operation="create",code="200"} 90
ixp_exchanges_total{operation="create",code="429"} 10
ixp_interactions_total{model="gemini",mode="unary",status="completed"} 80
ixp_interactions_total{model="other",mode="unary",status="failed"} 10
ixp_interaction_duration_seconds_bucket{model="gemini",le="1.0"} 80
ixp_interaction_duration_seconds_bucket{model="gemini",le="+Inf"} 80
ixp_exchange_duration_seconds_bucket{operation="create",le="2.0"} 100
ixp_exchange_duration_seconds_bucket{operation="create",le="+Inf"} 100
ixp_tokens_total{model="gemini",type="input"} 4000
ixp_cost_usd_total{model="gemini",item="input"} 0.5
ixp_background_interactions{status="in_progress"} 2
ixp_background_oldest_age_seconds 90
ixp_recorder_up 1
ixp_recorder_lag_seconds 0.03
ixp_recorder_backlog_bytes 2000
ixp_audit_gap_exchanges_total 0
"""


def plain(now: str, before: str = "", seconds: float | None = None, width: int = 120) -> str:
    earlier = parse(before) if before else Scrape({})
    return "\n".join(line.plain for line in top.lines(parse(now), earlier, seconds, width))


def test_all_since_it_began_is_told_as_totals() -> None:
    shown = plain(TEXT)

    assert "100 exchanges, 3 in flight, 10 errors, 5 connections" in shown
    assert "create 1.00 s / 1.90 s" in shown
    assert "4,000 input" in shown
    assert "0.5000 USD" in shown
    assert "2 open, the oldest for 1 min 30 s" in shown
    assert "strict, 30 ms behind, 2.0 KB backlog, 0 not recorded" in shown
    assert "gemini" in shown.splitlines()[-2]


def test_between_two_looks_it_is_told_as_rates() -> None:
    shown = plain(TEXT.replace("} 100\n", "} 104\n", 1), TEXT, 2.0)

    assert "2.0/s exchanges" in shown
    assert "0.0/s errors" in shown
    assert "0.00 USD/h" in shown


def test_a_recorder_that_does_not_answer_is_told_loudly() -> None:
    line = top.lines(parse(TEXT.replace("_up 1", "_up 0")), Scrape({}), None, 120)[4]

    assert "THE RECORDER DOES NOT ANSWER" in line.plain
    assert str(line.style) == "bold red"


def test_what_is_not_strict_is_told() -> None:
    other = TEXT.replace('"available"} 0', '"available"} 1')

    assert "available, 30 ms behind" in plain(other)


@pytest.mark.parametrize("width", [40, 80, 200])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    assert max(cell_len(line) for line in plain(TEXT, width=width).splitlines()) <= width


def test_only_metrics_of_the_catalogue_are_shown() -> None:
    used = set(re.findall(r"ixp_[a-z_]+", Path(top.__file__).read_text("utf-8")))

    assert used
    assert used <= set(INSTRUMENTS)


def test_once_prints_and_leaves(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with answering([TEXT]) as url:
        (tmp_path / "ops.json").write_text(json.dumps({"url": url}), "utf-8")

        assert top.run(tmp_path, once=True) == 0

    assert "100 exchanges" in capsys.readouterr().out


def test_it_shows_until_it_is_interrupted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    turns = iter([None, None])

    def wait() -> None:
        try:
            next(turns)
        except StopIteration:
            raise KeyboardInterrupt from None

    with answering([TEXT, TEXT.replace("} 100\n", "} 110\n", 1)]) as url:
        (tmp_path / "ops.json").write_text(json.dumps({"url": url}), "utf-8")

        assert top.run(tmp_path, once=False, wait=wait) == 0

    assert "exchanges" in capsys.readouterr().out


def test_without_a_proxy_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no proxy"):
        top.run(tmp_path, once=True)
