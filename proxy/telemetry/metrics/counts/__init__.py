"""What is counted from committed facts: each thing once, whatever is killed in between."""
