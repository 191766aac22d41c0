"""Which turn goes on from which: the forest over previous_interaction_id, and over repeated histories. Pure."""
