"""What acts on the world: a client of our own gateway, so that its traffic is recorded like any other.

Started by the supervisor when there is a credential or a webhook listener. It knows the gateway and the
recorder by their Unix sockets alone, and keeps nothing: what is to be done follows from the records.
"""
