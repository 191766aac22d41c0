"""Policies at the door: what a request asks for, what may pass, what is refused or changed. Pure."""
