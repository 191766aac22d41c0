from __future__ import annotations

import hashlib
import json
from dataclasses import replace

from proxy.audit.ledger.fold import copy_of, interval_of
from proxy.audit.ledger.receipt import Witness, canonical, receipt
from proxy.audit.retention.clocks import DAY_NS, Residue, Tier
from proxy.audit.retention.states import Disposal
from tests.audit.ledger.rows_made import START_US, copy_row

ROW = copy_row()
GONE = replace(copy_of(ROW, []), disposal=Disposal.DELETED_VERIFIED)
INTERVAL = interval_of(ROW, GONE, (Tier.PAID, 55), 0)
NOW_NS = START_US * 1000 + DAY_NS
LOGS = Residue("abuse_log", "", NOW_NS + DAY_NS, is_assumed=True)
OVER = Residue("search_grounding", "", NOW_NS - 1, is_assumed=False)


def test_nothing_is_left_only_when_no_other_clock_runs() -> None:
    with_logs = receipt(GONE, INTERVAL, [], [LOGS, OVER], NOW_NS)
    without = receipt(GONE, INTERVAL, [], [OVER], NOW_NS)

    assert [one["kind"] for one in with_logs["not_reached"]] == ["abuse_log"]
    assert (with_logs["nothing_left"], without["nothing_left"]) == (False, True)


def test_what_had_no_effect_is_never_green() -> None:
    copy = replace(GONE, disposal=Disposal.NOT_EFFECTIVE)

    body = receipt(copy, INTERVAL, [], [], NOW_NS)

    assert body["outcome"] == "not_effective"
    assert not body["is_verified"]
    assert not body["nothing_left"]


def test_it_names_the_interaction_by_a_digest_and_the_exchanges_that_show_it() -> None:
    witness = Witness(exchange="0-1-2", what="delete", status=200, at_us=START_US)

    body = receipt(GONE, INTERVAL, [witness], [], NOW_NS)

    assert body["interaction_sha256"] == hashlib.sha256(b"v1_a").hexdigest()
    assert "v1_a" not in json.dumps(body)
    assert body["evidence"][0]["exchange"] == "0-1-2"


def test_signed_bytes_do_not_depend_on_the_order_of_keys() -> None:
    assert (
        canonical({"b": 1, "a": "ü"}) == canonical({"a": "ü", "b": 1}) == b'{"a":"\\u00fc","b":1}'
    )
