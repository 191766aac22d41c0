"""Price books where they lie, and pricing again what the tables have. recorder/ and reading/ come in here."""
