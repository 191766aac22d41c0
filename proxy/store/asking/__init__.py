"""Questions to the facts for people outside this process: shipped, bounded, in four forms."""
