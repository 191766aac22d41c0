"""What people read at the terminal: SQL, one interaction as a timeline, the live tail. Reads only."""
