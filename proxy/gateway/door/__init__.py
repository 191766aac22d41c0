"""Asking the door before a request goes on: only where one is configured. Sends bytes, gets a verdict, reads neither."""
