"""The Helm chart, and what is made for it from the catalogue of settings. `python -m helm` writes that."""
