"""A proxy that leads Salesforce's host names to an org on this machine.

Some clients sign in at `https://login.salesforce.com` whatever they are told. All of them take a
proxy from the environment, so they need no change: with `HTTPS_PROXY` set to this one they reach
the org under the names they know. It opens tunnels and nothing else: what goes through stays
encrypted between client and org, and hosts that aren't Salesforce's are refused.
"""

import asyncio
import contextlib
import re
import threading
from collections.abc import Iterator

_SALESFORCE = re.compile(r"([a-z0-9-]+\.)+salesforce\.com:443", re.IGNORECASE)
_CONNECT = re.compile(rb"CONNECT (?P<target>\S+) HTTP/1\.[01]\r\n")
_MOST_HEAD_BYTES = 16_384
_CHUNK_BYTES = 65_536
_OPENED = b"HTTP/1.1 200 Connection established\r\n\r\n"


class HostProxy:
    """Answers CONNECT for `*.salesforce.com:443` with a tunnel to one address."""

    def __init__(self, org_host: str, org_port: int) -> None:
        """Lead every tunnel to the port where the org speaks HTTPS."""
        self._org = (org_host, org_port)
        self._tunnels: set[asyncio.Task[None] | None] = set()

    async def serve(self, host: str, port: int) -> asyncio.Server:
        """Start to listen, on any free port where `port` is 0."""
        return await asyncio.start_server(self._handle, host, port, limit=_MOST_HEAD_BYTES)

    async def _handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # The event loop knows its tasks weakly only; a tunnel has to be held by somebody.
        task = asyncio.current_task()
        self._tunnels.add(task)
        try:
            await self._answer(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            # A client or the org may hang up at any moment; then the other one is hung up on, too.
            return
        finally:
            self._tunnels.discard(task)
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        refusal = _refusal(await reader.readuntil(b"\r\n\r\n"))
        if refusal is None:
            await self._tunnel(reader, writer)
        else:
            writer.write(refusal)
            await writer.drain()

    async def _tunnel(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        org_reader, org_writer = await asyncio.open_connection(*self._org)
        writer.write(_OPENED)
        pumps = [
            asyncio.create_task(_pump(reader, org_writer)),
            asyncio.create_task(_pump(org_reader, writer)),
        ]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            org_writer.close()


@contextlib.contextmanager
def running_proxy(org_host: str, org_port: int, *, host: str = "127.0.0.1") -> Iterator[str]:
    """The URL of a proxy that runs in a thread as long as the block does."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="localorg-proxy", daemon=True)
    thread.start()
    serving = HostProxy(org_host, org_port).serve(host, 0)
    server = asyncio.run_coroutine_threadsafe(serving, loop).result()
    try:
        yield f"http://{host}:{server.sockets[0].getsockname()[1]}"
    finally:
        asyncio.run_coroutine_threadsafe(_stop(server), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _stop(server: asyncio.Server) -> None:
    server.close()
    tunnels = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in tunnels:
        task.cancel()
    await asyncio.gather(*tunnels, return_exceptions=True)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Hand on what comes until there is no more."""
    while chunk := await reader.read(_CHUNK_BYTES):
        writer.write(chunk)
        await writer.drain()


def _refusal(head: bytes) -> bytes | None:
    """The answer to a request that gets no tunnel, or None."""
    asked = _CONNECT.match(head)
    if asked is None:
        return _answer("405 Method Not Allowed", "This proxy opens tunnels for https URLs only.")
    target = asked["target"].decode("latin-1")
    if _SALESFORCE.fullmatch(target):
        return None
    return _answer(
        "403 Forbidden",
        f"'{target}' is no host of Salesforce's. This proxy leads *.salesforce.com:443 to "
        "localorg; name other hosts in NO_PROXY.",
    )


def _answer(status: str, text: str) -> bytes:
    body = text.encode()
    head = f"HTTP/1.1 {status}\r\ncontent-type: text/plain\r\ncontent-length: {len(body)}\r\n"
    return head.encode() + b"connection: close\r\n\r\n" + body
