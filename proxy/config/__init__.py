"""The settings: one catalogue, one frozen object, read once. Anyone may enter; imports only errors."""
