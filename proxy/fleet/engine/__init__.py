"""The engine: DuckLake, with PostgreSQL as catalog and Parquet on S3-compatible storage."""
