"""The parent of a running proxy: it prepares, listens, starts the children and keeps them alive.

Only the command line enters. It carries no traffic and reads no record: what it may break is small.
"""
