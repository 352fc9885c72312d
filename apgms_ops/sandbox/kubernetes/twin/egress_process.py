"""The way from the API server into the pod network: `python -m … .egress_process PORT CERTIFICATE KEY AUTHORITY`.

A real API server proxies to no loopback address, and every pod of the sandbox listens on one. So the pods report
addresses of a network that this machine does not have, `10.a.b.n`, and the API server is told, as in a cluster whose
nodes it cannot reach itself, to go through an egress proxy (HTTP CONNECT). This is the proxy: it goes to `127.a.b.n`.
Nothing else is reached through it, and nobody uses it but who has a certificate of the authority.
"""

import asyncio
import ipaddress
import re
import ssl
import sys
from typing import Final

PODS: Final = ipaddress.IPv4Network("10.0.0.0/8")
"""What the pods' addresses look like in the API."""
_LOOPBACK: Final = ipaddress.IPv4Network("127.0.0.0/8")
_CONNECT: Final = re.compile(rb"CONNECT ([0-9.]+):(\d+) HTTP/1\.[01]\r\n")
_PATIENCE: Final = 10.0


def loopback(address: str) -> str | None:
    """Return where an address is reached on this machine; None for one that is not the sandbox's."""
    asked = ipaddress.IPv4Address(address)
    if asked in PODS:
        return str(_LOOPBACK.network_address + (int(asked) - int(PODS.network_address)))
    return address if asked in _LOOPBACK else None


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        async with asyncio.timeout(_PATIENCE):
            request = _CONNECT.match(await reader.readuntil(b"\r\n\r\n"))
            where = loopback(request[1].decode("ascii")) if request else None
            if request is None or where is None:
                await _refuse(writer, b"403 Forbidden")
                return
            try:
                inner = await asyncio.open_connection(where, int(request[2]))
            except OSError:
                await _refuse(writer, b"502 Bad Gateway")
                return
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await asyncio.gather(_pump(reader, inner[1]), _pump(inner[0], writer))
    except (OSError, ValueError, TimeoutError, asyncio.IncompleteReadError):
        pass  # whoever asked sees that the connection ends
    finally:
        writer.close()


async def _refuse(writer: asyncio.StreamWriter, status: bytes) -> None:
    writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\n\r\n")
    await writer.drain()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Copy one direction to its end, and say so to the other side."""
    try:
        while chunk := await reader.read(65536):
            writer.write(chunk)
            await writer.drain()
    except OSError:
        pass  # the other direction hears of it
    if writer.can_write_eof():
        writer.write_eof()
    else:
        writer.close()  # over TLS there is no half of an end


async def _main(port: int, certificate: str, key: str, authority: str) -> None:
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=authority)
    tls.verify_mode = ssl.CERT_REQUIRED
    tls.load_cert_chain(certificate, key)
    server = await asyncio.start_server(_serve, "127.0.0.1", port, ssl=tls)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1]), *sys.argv[2:5]))
