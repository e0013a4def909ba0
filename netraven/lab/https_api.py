"""The HTTPS APIs of two platforms: Arista eAPI (POST /command-api) and Cisco NX-API (POST /ins), both JSON-RPC."""

import asyncio
import base64
import contextlib
import json
import socket
import ssl
import struct
from typing import Any

from netraven.lab import eos, nxos
from netraven.lab.delivery import SessionEnded, deliver
from netraven.lab.device import LabDevice

ABORT_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER: on, zero seconds: closing resets the connection
REASONS = {200: "OK", 401: "Unauthorized", 404: "Not Found"}
CONFIG_COMMANDS = ("show running-config", "show running-config all")


class HttpWire:
    """The client's end of a TLS connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self._writer = writer

    def write(self, data: bytes) -> None:
        self._writer.write(data)

    async def drain(self) -> None:
        await self._writer.drain()

    async def wait_closed(self) -> None:
        await self.reader.read()

    def drop(self) -> None:
        self._writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT_ON_CLOSE)
        self._writer.transport.abort()


async def serve_https(device: LabDevice, client: socket.socket, tls: ssl.SSLContext) -> None:
    """Serve one TCP connection until it is closed."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(reader)
    with contextlib.suppress(OSError, SessionEnded, asyncio.IncompleteReadError):
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
        """Answer requests until the client leaves. Raises IncompleteReadError, SessionEnded or OSError then."""
        while True:
            head = (await self._wire.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            request_line, *lines = head.split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            body = await self._wire.reader.readexactly(int(headers.get("content-length", "0")))
            path = request_line.split()[1]
            if not self._authorized(headers.get("authorization", "")):
                self._wire.write(http_response({"error": "Unauthorized"}, 401))
            elif self._device.platform == "eos" and path == "/command-api":
                await self._answer_eapi(json.loads(body))
            elif self._device.platform == "nxos" and path == "/ins":
                await self._answer_nxapi(json.loads(body))
            else:
                self._wire.write(http_response({"error": "Not Found"}, 404))
            await self._wire.drain()

    def _authorized(self, header: str) -> bool:
        username, _, password = base64.b64decode(header.removeprefix("Basic ")).decode().partition(":")
        if not self._device.accepts_password(username, password):
            return False
        self._device.logins += not self._logged_in
        self._logged_in = True
        return True

    async def _answer_eapi(self, request: dict[str, Any]) -> None:
        """Run commands in order; the first that fails ends the request with an error."""
        commands = [entry["cmd"] if isinstance(entry, dict) else entry for entry in request["params"]["cmds"]]
        bodies, texts = eos.api_bodies(self._device), eos.answers(self._device)
        results: list[dict[str, Any]] = []
        for number, command in enumerate(commands, start=1):
            if command in CONFIG_COMMANDS:
                config = {"output": ""}
                results.append(config)
            elif command in texts:
                results.append({"output": texts[command]})
            elif command in bodies:
                results.append(bodies[command])
            else:
                self._wire.write(eapi_error(request["id"], number, command, results))
                return
        if not any(command in CONFIG_COMMANDS for command in commands):
            self._wire.write(eapi_response(request["id"], results))
            return
        error = eapi_error(request["id"], len(commands), commands[-1], results[:-1])

        def encode(text: str) -> bytes:
            config["output"] = text
            return eapi_response(request["id"], results)

        await deliver(self._wire, self._device, eos.running_config(self._device), encode, error)

    async def _answer_nxapi(self, requests: list[dict[str, Any]]) -> None:
        """NAPALM sends one command in each request."""
        [request] = requests
        command, text_wanted = request["params"]["cmd"], request["method"] == "cli_ascii"
        texts, bodies = nxos.answers(self._device), nxos.api_bodies(self._device)
        if command in CONFIG_COMMANDS:
            await deliver(
                self._wire,
                self._device,
                nxos.running_config(self._device),
                lambda text: nxapi_response(request["id"], {"msg": text}),
                nxapi_error(request["id"]),
            )
        elif text_wanted and command in texts:
            self._wire.write(nxapi_response(request["id"], {"msg": texts[command]}))
        elif not text_wanted and command in bodies:
            self._wire.write(nxapi_response(request["id"], {"body": bodies[command]}))
        else:
            self._wire.write(nxapi_error(request["id"]))


def http_response(body: object, status: int = 200) -> bytes:
    content = json.dumps(body).encode()
    head = (
        f"HTTP/1.1 {status} {REASONS[status]}\r\n"
        f"Content-Type: application/json-rpc\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


def eapi_response(request_id: str, results: list[dict[str, Any]]) -> bytes:
    return http_response({"jsonrpc": "2.0", "id": request_id, "result": results})


def eapi_error(request_id: str, number: int, command: str, results: list[dict[str, Any]]) -> bytes:
    """A JSON-RPC error, which eAPI sends with status 200; `number` counts commands from 1."""
    message = f"CLI command {number} of {number} '{command}' failed: invalid command"
    data = [*results, {"errors": ["Invalid input (at token 1: 'running-config')"]}]
    return http_response(
        {"jsonrpc": "2.0", "id": request_id, "error": {"code": 1002, "message": message, "data": data}}
    )


def nxapi_response(request_id: int, result: dict[str, Any]) -> bytes:
    return http_response({"jsonrpc": "2.0", "id": request_id, "result": result})


def nxapi_error(request_id: int) -> bytes:
    error = {"code": -32602, "message": "Invalid params", "data": {"msg": nxos.API_ERROR}}
    return http_response({"jsonrpc": "2.0", "id": request_id, "error": error})
