"""What the answers mean: pure functions, numbers in, estimates and reasons out. Nothing of ours is imported here."""
