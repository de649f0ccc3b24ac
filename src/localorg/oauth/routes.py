from starlette.routing import BaseRoute

from localorg.oauth import authorize_routes, identity_routes, token_routes

routes: list[BaseRoute] = [
    *token_routes.routes,
    *authorize_routes.routes,
    *identity_routes.routes,
]
