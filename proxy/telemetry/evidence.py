"""Metrics about evidence: the trail, copies at Google, a fleet's engine. Part of the catalogue, see instruments.py."""

from __future__ import annotations

from typing import Final

from proxy.telemetry.metrics.declare import Source, gauge

_R: Final = Source.RECORDER
_G: Final = Source.GATEWAY
_S: Final = "seconds"

TRAIL: Final = (
    gauge("ixp_trail_up", _R, "", "1: what is committed is signed. 0: it is not, see the log."),
    gauge("ixp_trail_leaves", _R, "", "Leaves of the trail that a signed checkpoint covers."),
    gauge("ixp_trail_pending_leaves", _R, "", "Leaves that the next checkpoint will cover."),
    gauge(
        "ixp_trail_checkpoint_age_seconds",
        _R,
        "",
        "Since the last checkpoint was signed, or the start; a healthy trail signs each 70 seconds at least.",
        unit=_S,
    ),
    gauge(
        "ixp_trail_heartbeat_age_seconds",
        _R,
        "",
        "Since anything was committed; after a quiet minute a heartbeat is.",
        unit=_S,
    ),
    gauge("ixp_trail_witnessed_leaves", _R, "", "Leaves that the witness holds a checkpoint of."),
    gauge(
        "ixp_trail_witness_age_seconds",
        _R,
        "",
        "Since the witness last took a checkpoint, or the start.",
        unit=_S,
    ),
)
COPIES: Final = (
    gauge(
        "ixp_upstream_stored_interactions",
        _R,
        "",
        "Interactions of which a copy may lie at Google, as far as the records know.",
    ),
    gauge(
        "ixp_retention_overdue", _R, "", "Deletions at Google that were due, held ones left out."
    ),
    gauge(
        "ixp_retention_deletion_lag_seconds",
        _R,
        "",
        "How long the deletion at Google that was due first has been due; 0: none is, but held ones.",
    ),
    gauge("ixp_retention_scheduled", _R, "", "Deletions at Google that are due later."),
    gauge("ixp_retention_held", _R, "", "Legal holds in force."),
    gauge(
        "ixp_retention_attention",
        _R,
        "disposal",
        "Deletions at Google that do not go on by themselves.",
    ),
    gauge("ixp_retention_overstaying", _R, "", "Served after they should have expired at Google."),
    gauge(
        "ixp_retention_resurrected", _R, "", "Served after they were found gone, not gone again."
    ),
    gauge(
        "ixp_retention_expiring", _R, "", "Copies at Google that may expire within a day from now."
    ),
)
FLEET: Final = (
    gauge(
        "ixp_fleet_up",
        _G,
        "",
        "1: the shipper's last round got through. 0: it did not, or it gave no sign yet; see the log.",
    ),
    gauge(
        "ixp_fleet_lag_seconds",
        _G,
        "",
        "Since the fleet's engine last had all of this vault, and others' orders were heeded here; grows while that fails.",
        unit=_S,
    ),
)
"""Read from the shipper's note in the run folder. Not there without a fleet."""
