"""The ops listener: /metrics, /livez, /readyz. In the supervisor, so that it answers whatever else is dead or frozen."""
