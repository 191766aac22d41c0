"""The segments of one journal, from the writing side: files that are durable before use, and what to do when a disk refuses."""
