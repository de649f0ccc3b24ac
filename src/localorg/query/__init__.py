"""REST queries: /query and /queryAll, page by page."""

from localorg.query.cursors import Cursors

__all__ = ["Cursors"]
