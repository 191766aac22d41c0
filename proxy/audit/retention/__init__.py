"""Where copies live, until when, who must not delete them: clocks, states and decisions. Pure."""
