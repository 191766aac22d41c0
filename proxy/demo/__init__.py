"""The demo: Google's own SDK talks to the emulator through the proxy, then the records are asked."""
