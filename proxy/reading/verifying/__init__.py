"""Checking the trail: one file that an outsider runs by itself. It imports nothing of ours, on purpose."""
