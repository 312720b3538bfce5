"""What outlives runs: counters, delivery cursors, consents. SQLite, private to its user."""
