"""Questions to the org about its records, as imports ask them too."""

from isthmus.connections.asking import ask

__all__ = ["ask"]
