"""Verbs that account for what was recorded. Only cli/app.py comes in here."""
