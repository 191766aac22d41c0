"""Disposal upstream: what is due is deleted through our own gateway, looked for, and receipted."""
