"""The offline stand-in for Google's Interactions API, with a ledger of its own.

It reads the protocol reference independently: nothing of `proxy.interactions` or `proxy.recording` may
enter, since its ledger is the tests' oracle. What leaves: answers on a socket, and lines of the ledger.
"""
