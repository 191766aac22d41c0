"""The Interactions Proxy. Rooms are listed, with the direction of travel, in ARCHITECTURE.md."""

__version__ = "0.1.0"
