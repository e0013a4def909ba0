"""The HTTPS APIs of two platforms: Arista eAPI (POST /command-api) and Cisco NX-API (POST /ins), both JSON-RPC."""

import asyncio
import base64
import contextlib
import json
import socket
import ssl
from typing import Any

from netraven.lab import eos, nxos
from netraven.lab.delivery import SessionEnded, deliver
from netraven.lab.device import LabDevice

REASONS = {200: "OK", 401: "Unauthorized", 404: "Not Found"}
CONFIG_COMMANDS = ("show running-config", "show running-config all")


class HttpWire:
    """The client's end of a TLS connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self._writer = writer

    def write(self, data: bytes) -> None:
        """Send, or queue for sending."""
        self._writer.write(data)

    async def drain(self) -> None:
        """Wait until nearly all is sent."""
        await self._writer.drain()

    async def wait_closed(self) -> None:
        """Return when the client has gone."""
        await self.reader.read()

    def drop(self) -> None:
        """Cut the TCP connection."""
        self._writer.transport.abort()


async def serve_https(device: LabDevice, client: socket.socket, tls: ssl.SSLContext) -> None:
    """Serve one TCP connection until it is closed."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(reader)
    with contextlib.suppress(OSError, ValueError, SessionEnded, asyncio.IncompleteReadError):
        transport, _ = await loop.connect_accepted_socket(lambda: protocol, client, ssl=tls)
        try:
            await HttpSession(HttpWire(reader, asyncio.StreamWriter(transport, protocol, reader, loop)), device).run()
        finally:
            transport.abort()


class HttpSession:
    """The requests of one connection; the first one with the right password is its log-in."""

    def __init__(self, wire: HttpWire, device: LabDevice) -> None:
        self._wire = wire
        self._device = device
        self._logged_in = False

    async def run(self) -> None:
        """Answer requests until the client leaves, or sends what is none.

        Raises IncompleteReadError, SessionEnded, OSError or ValueError then.
        """
        while True:
            path, headers, body = await self._read_request()
            if not self._authorized(headers.get("authorization", "")):
                self._wire.write(http_response({"error": "Unauthorized"}, 401))
            elif self._device.platform == "eos" and path == "/command-api":
                await self._answer_eapi(json.loads(body))
            elif self._device.platform == "nxos" and path == "/ins":
                await self._answer_nxapi(json.loads(body))
            else:
                self._wire.write(http_response({"error": "Not Found"}, 404))
            await self._wire.drain()

    async def _read_request(self) -> tuple[str, dict[str, str], bytes]:
        head = (await self._wire.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        request_line, *lines = head.split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        body = await self._wire.reader.readexactly(int(headers.get("content-length", "0")))
        return request_line.split()[1], headers, body

    def _authorized(self, header: str) -> bool:
        username, _, password = base64.b64decode(header.removeprefix("Basic ")).decode().partition(":")
        if not self._device.accepts_password(username, password):
            return False
        self._device.logins += not self._logged_in
        self._logged_in = True
        return True

    async def _answer_eapi(self, request: dict[str, Any]) -> None:
        """NAPALM asks for the running configuration last; a command that fails makes the whole answer an error."""
        commands = [entry["cmd"] if isinstance(entry, dict) else entry for entry in request["params"]["cmds"]]
        answers = eos.api_answers(self._device)
        results = [answers[command] for command in commands if command in answers]
        unknown = [command for command in commands if command not in answers and command not in CONFIG_COMMANDS]
        if unknown:
            self._wire.write(eapi_error(request["id"], unknown[0], results))
        elif commands[-1] in CONFIG_COMMANDS:
            await deliver(
                self._wire,
                self._device,
                eos.running_config(self._device),
                lambda text: eapi_response(request["id"], [*results, {"output": text}]),
                eapi_error(request["id"], commands[-1], results),
            )
        else:
            self._wire.write(eapi_response(request["id"], results))

    async def _answer_nxapi(self, requests: list[dict[str, Any]]) -> None:
        """NAPALM sends one command in each request: method `cli` wants a body, `cli_ascii` a text."""
        [request] = requests
        command = request["params"]["cmd"]
        if command in CONFIG_COMMANDS:
            await deliver(
                self._wire,
                self._device,
                nxos.running_config(self._device),
                lambda text: nxapi_response(request["id"], {"msg": text}),
                nxapi_error(request["id"]),
            )
        elif request["method"] == "cli_ascii" and command in (texts := nxos.answers(self._device)):
            self._wire.write(nxapi_response(request["id"], {"msg": texts[command]}))
        elif request["method"] == "cli" and command in (bodies := nxos.api_bodies(self._device)):
            self._wire.write(nxapi_response(request["id"], {"body": bodies[command]}))
        else:
            self._wire.write(nxapi_error(request["id"]))


def http_response(body: object, status: int = 200) -> bytes:
    """Head and JSON body."""
    content = json.dumps(body).encode()
    head = (
        f"HTTP/1.1 {status} {REASONS[status]}\r\n"
        f"Content-Type: application/json-rpc\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


def eapi_response(request_id: str, results: list[dict[str, Any]]) -> bytes:
    """One result for each command."""
    return http_response({"jsonrpc": "2.0", "id": request_id, "result": results})


def eapi_error(request_id: str, command: str, results: list[dict[str, Any]]) -> bytes:
    """A JSON-RPC error, which eAPI sends with status 200; `results` are those of the commands before."""
    number = len(results) + 1
    error = {
        "code": 1002,
        "message": f"CLI command {number} of {number} '{command}' failed: invalid command",
        "data": [*results, {"errors": ["Invalid input"]}],
    }
    return http_response({"jsonrpc": "2.0", "id": request_id, "error": error})


def nxapi_response(request_id: int, result: dict[str, Any]) -> bytes:
    """`result` has a `body` or a `msg`."""
    return http_response({"jsonrpc": "2.0", "id": request_id, "result": result})


def nxapi_error(request_id: int) -> bytes:
    """For a command that the device does not know, or does not let the user run."""
    error = {"code": -32602, "message": "Invalid params", "data": {"msg": nxos.API_ERROR}}
    return http_response({"jsonrpc": "2.0", "id": request_id, "error": error})
