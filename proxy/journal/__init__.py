"""The seam between gateway and recorder: append-only, sealed, checksummed files that live for minutes."""
