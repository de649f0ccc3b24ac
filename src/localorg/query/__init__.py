"""REST queries: /query and /queryAll, page by page."""

from localorg.query.handlers import routes

__all__ = ["routes"]
