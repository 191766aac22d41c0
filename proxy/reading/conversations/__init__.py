"""Conversations at the terminal: who goes on from whom, and what tools were asked to do."""
