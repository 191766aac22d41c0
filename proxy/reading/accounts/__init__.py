"""Accounts for people and machines: what things cost, and what of Google's is new. Only cli/ comes in here."""
