"""Verbs for those who operate a proxy."""
