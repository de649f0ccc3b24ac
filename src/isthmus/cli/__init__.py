"""Commands."""

from isthmus.cli.program import main

__all__ = ["main"]
