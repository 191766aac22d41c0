"""HTTP as bytes, without sockets: heads read, checked and planned, credentials marked, requests one at a time."""
