"""Figures about an installation, for programs that watch it."""
