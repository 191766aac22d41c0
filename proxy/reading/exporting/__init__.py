"""`export`: the audit views as Parquet or JSON lines by day, under a signed manifest (`EXPORT.md`)."""
