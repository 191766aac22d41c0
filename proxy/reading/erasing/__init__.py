"""Erasing, holding, exporting and rescuing, asked of the recorder and shown at the terminal."""
