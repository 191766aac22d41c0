"""The endpoints that answer: shipped queries, interactions, statements of the reader's own."""
