"""What it costs to be wrapped, measured: `python -m bench` prints the table."""
