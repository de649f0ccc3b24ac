"""`isthmus demo`: the main job, played against an org on this machine."""

from isthmus.cli.demo.command import demo

__all__ = ["demo"]
