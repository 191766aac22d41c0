"""What the records say when looked at together: lineage, tool calls, retention. Pure: rows in, findings out."""
