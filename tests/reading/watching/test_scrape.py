"""Numbers read back from what Prometheus would read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from proxy.errors import StoreError
from proxy.reading.watching.scrape import ops_url, parse, scrape

TEXT = """# HELP a_total x
# TYPE a_total counter
a_total{model="m",type="input"} 5
a_total{model="m",type="out\\"put"} 2.5
a_total{model="n",type="input"} 1
b 7
h_bucket{le="0.1"} 10
h_bucket{le="0.2"} 20
h_bucket{le="+Inf"} 20
this is no sample at all
b{ x
"""


def test_totals_are_sums_over_the_series_with_these_labels() -> None:
    read = parse(TEXT)

    assert read.total("a_total") == 8.5
    assert read.total("a_total", model="m") == 7.5
    assert read.total("a_total", model="m", type="input") == 5
    assert read.total("b") == 7
    assert read.total("nothing") == 0


def test_sums_by_a_label() -> None:
    assert parse(TEXT).by("a_total", "model") == {"m": 7.5, "n": 1}


def test_quantiles_lie_between_bounds_by_proportion() -> None:
    read = parse(TEXT)

    assert read.quantile("h", 0.5) == pytest.approx(0.1)
    assert read.quantile("h", 0.75) == pytest.approx(0.15)
    assert read.quantile("nothing", 0.5) is None
    assert parse('h_bucket{le="0.1"} 0\nh_bucket{le="+Inf"} 4').quantile("h", 0.5) == 0.1


def test_a_difference_takes_a_series_that_began_anew_as_it_is() -> None:
    before, now = parse('a{x="1"} 5\na{x="2"} 9'), parse('a{x="1"} 7\na{x="2"} 3\na{x="3"} 1')

    passed = now.since(before)

    assert passed.by("a", "x") == {"1": 2, "2": 3, "3": 1}


def test_where_no_proxy_runs_a_sentence_says_so(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no proxy with an ops listener"):
        ops_url(tmp_path)


def test_an_address_where_nobody_answers_is_said(tmp_path: Path) -> None:
    (tmp_path / "ops.json").write_text(json.dumps({"url": "http://127.0.0.1:1"}), "utf-8")

    with pytest.raises(StoreError, match="does not answer"):
        scrape(ops_url(tmp_path))
