"""Pure: what follows from the records: lineage, tools, retention, trail. Reads facts, does no I/O."""
