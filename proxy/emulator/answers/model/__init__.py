"""How a model answers: thoughts, text and its citations, what is blocked. Compositions put it together."""
