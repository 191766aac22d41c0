"""The vault (sealed, the commit point) and DuckDB, its follower. The only room that imports duckdb."""
