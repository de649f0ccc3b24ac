"""What users may do, and the org as each of them sees it."""

from localorg.rights.rights import Rights

__all__ = ["Rights"]
