"""Keeping and letting go, over HTTP: what expires when, holds, erasures, and how recording stands."""
