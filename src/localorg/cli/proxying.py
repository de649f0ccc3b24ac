"""The command that leads Salesforce's host names to an org on this machine."""

import asyncio
from typing import Annotated
from urllib.parse import urlsplit

import typer

_DEFAULT_PORT = 8766

OrgUrl = Annotated[
    str, typer.Option(metavar="URL", help="Where the org runs, with `serve --https`.")
]
Port = Annotated[int, typer.Option(min=0, max=65535, help="The port; 0 is any free one.")]


def proxy(*, org: OrgUrl = "https://127.0.0.1:8765", port: Port = _DEFAULT_PORT) -> None:
    """Lead *.salesforce.com to an org on this machine, for clients with fixed host names.

    Set HTTPS_PROXY to the URL that is printed. Hosts that aren't Salesforce's are refused.
    """
    address = urlsplit(org)
    if address.scheme != "https" or not address.hostname or not address.port:
        message = f"{org!r} is no URL such as https://127.0.0.1:8765, which `serve --https` prints."
        raise typer.BadParameter(message, param_hint="--org")
    try:
        asyncio.run(_serve(address.hostname, address.port, port))
    except OSError as error:
        message = f"Can't listen on port {port}: {error.strerror}. --port 0 takes any free port."
        raise typer.BadParameter(message, param_hint="--port") from error
    except KeyboardInterrupt:
        return


async def _serve(org_host: str, org_port: int, port: int) -> None:
    from localorg.host_proxy import HostProxy

    server = await HostProxy(org_host, org_port).serve("127.0.0.1", port)
    typer.echo(f"localorg proxy ready http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    async with server:
        await server.serve_forever()
