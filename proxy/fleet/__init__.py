"""Many proxies, one queryable record: what the vault holds, shipped to an engine that all share (FLEET.md). Off by default."""
