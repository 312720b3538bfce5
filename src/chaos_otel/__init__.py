"""Run any deployment command and get an exact local report of it."""

__version__ = "0.1.0"
