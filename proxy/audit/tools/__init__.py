"""Calls of tools and what came of them, across the turns of a conversation. Pure."""
