"""Erasing our own copy: what is selected, what a hold keeps, what stays elsewhere. Pure."""
