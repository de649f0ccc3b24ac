"""Processes that work off what is queued."""
