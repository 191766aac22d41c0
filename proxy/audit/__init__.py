"""What the records say when they are looked at together: lineage, tool calls. Pure: rows in, findings out."""
