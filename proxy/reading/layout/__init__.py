"""Rows and steps as lines of a terminal: tables, pages, hostile text made harmless. Pure, but for its width."""
