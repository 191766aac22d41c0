"""Scenario files: YAML in, a checked `Scenario` out, or every problem with its line and what to do. Pure."""
