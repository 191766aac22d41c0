"""The cold process: follows the journals, writes the vault, feeds DuckDB, answers on its socket."""
