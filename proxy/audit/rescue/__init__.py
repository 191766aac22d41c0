"""Rescue: a conversation as one request that needs nothing Google has stored. Pure."""
