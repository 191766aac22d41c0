"""Copies at Google, for people: until when they live, what is due, what was proven."""
