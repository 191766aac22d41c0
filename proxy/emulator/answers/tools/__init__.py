"""What tools leave behind: calls for the caller to answer, and pairs of call and result that Google ran.

Each module takes an `Occasion` and gives steps and sources to cite; `server.server_pairs` and
`functions.calls` are what compositions use.
"""
