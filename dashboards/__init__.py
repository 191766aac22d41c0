"""Dashboards, alert rules and runbooks, made from the catalogue of metrics. `python -m dashboards` writes them."""
