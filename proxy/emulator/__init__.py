"""The offline stand-in for Google's Interactions API, with a ledger of its own."""
