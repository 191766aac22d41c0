"""What was read is written in the catalogue's order, each source by itself."""

from __future__ import annotations

from proxy.telemetry.instruments import INSTRUMENTS
from proxy.telemetry.metrics.counts.tally import new_cell
from proxy.telemetry.metrics.declare import STORE_SECONDS, Source
from proxy.telemetry.metrics.now import Reading, families_of
from proxy.telemetry.metrics.written import Form, written


def test_only_what_was_read_of_the_source_is_written_in_order() -> None:
    read = Reading()
    read.add_cell("ixp_audit_vault_commit_duration_seconds", new_cell(STORE_SECONDS))
    read.set("ixp_audit_open_exchanges", 3)
    read.set("ixp_recorder_up", 1)

    text = written(families_of(Source.RECORDER, read), Form.CLASSIC)

    names = [line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")]
    assert names == ["ixp_audit_open_exchanges", "ixp_audit_vault_commit_duration_seconds"]
    assert names == [name for name in INSTRUMENTS if name in names]
    assert "ixp_audit_open_exchanges 3.0\n" in text


def test_a_value_with_labels_is_told_for_each() -> None:
    read = Reading()
    read.set("ixp_gateway_connections", 3, ("0",))
    read.set("ixp_gateway_connections", 4, ("1",))

    text = written(families_of(Source.GATEWAY, read), Form.CLASSIC)

    assert 'ixp_gateway_connections{worker="0"} 3.0\n' in text
    assert 'ixp_gateway_connections{worker="1"} 4.0\n' in text
