"""The vault: sealed, append-only, the commit point. One recorder writes, any process with the keys reads."""
