"""NETCONF over SSH: Junos with base:1.0 framing, IOS XR with base:1.1 chunks."""

from collections.abc import Callable
from typing import Protocol
from xml.sax.saxutils import escape, quoteattr

from lxml import etree

from netraven.lab import iosxr, junos
from netraven.lab.delivery import SessionEnded, Wire, deliver
from netraven.lab.device import LabDevice

BASE = "urn:ietf:params:xml:ns:netconf:base:1.0"
END_OF_MESSAGE = b"]]>]]>"
END_OF_CHUNKS = b"\n##\n"
CLI_CONFIG = f"{iosxr.YANG}-cli-cfg"
CAPABILITIES = {
    "junos": ("urn:ietf:params:netconf:base:1.0", "http://xml.juniper.net/netconf/junos/1.0"),
    "iosxr_netconf": ("urn:ietf:params:netconf:base:1.0", "urn:ietf:params:netconf:base:1.1", CLI_CONFIG),
}


class MessageWire(Wire, Protocol):
    async def read_until(self, end: bytes) -> bytes: ...


async def serve_netconf(wire: MessageWire, device: LabDevice) -> None:
    """Exchange hellos, then answer RPCs until the client leaves. Raises SessionEnded."""
    wire.write(hello(CAPABILITIES[device.platform]) + END_OF_MESSAGE)
    await wire.read_until(END_OF_MESSAGE)
    session = JunosSession(wire, device) if device.platform == "junos" else IosXrSession(wire, device)
    while True:
        await session.answer_next()


def hello(capabilities: tuple[str, ...]) -> bytes:
    listed = "".join(f"<capability>{capability}</capability>" for capability in capabilities)
    return (
        f'<hello xmlns="{BASE}"><capabilities>{listed}</capabilities><session-id>4711</session-id></hello>'
    ).encode()


def local_name(element: etree._Element) -> str:
    return str(etree.QName(element).localname)


class NetconfSession:
    """One session: `frame` wraps a message as the negotiated base version has it."""

    def __init__(self, wire: MessageWire, device: LabDevice) -> None:
        self.wire = wire
        self.device = device

    async def answer_next(self) -> None:
        rpc = etree.fromstring(await self.read_message())
        message_id = rpc.get("message-id", "")
        operation = rpc[0]
        if local_name(operation) == "close-session":
            self.wire.write(self.reply(message_id, "<ok/>"))
            raise SessionEnded
        await self.answer(message_id, operation)

    async def answer(self, message_id: str, operation: etree._Element) -> None:
        raise NotImplementedError

    async def read_message(self) -> bytes:
        raise NotImplementedError

    def frame(self, message: bytes) -> bytes:
        raise NotImplementedError

    def reply(self, message_id: str, body: str) -> bytes:
        return self.frame(f'<rpc-reply xmlns="{BASE}" message-id={quoteattr(message_id)}>{body}</rpc-reply>'.encode())

    def error(self, message_id: str, message: str) -> bytes:
        body = (
            "<rpc-error><error-type>protocol</error-type><error-tag>operation-failed</error-tag>"
            f"<error-severity>error</error-severity><error-message>{escape(message)}</error-message></rpc-error>"
        )
        return self.reply(message_id, body)

    async def deliver_config(self, message_id: str, config: str, wrap: Callable[[str], str], error: str) -> None:
        await deliver(
            self.wire,
            self.device,
            config,
            lambda text: self.reply(message_id, wrap(escape(text))),
            self.error(message_id, error),
        )


class JunosSession(NetconfSession):
    """Junos RPCs, messages ended by `]]>]]>`."""

    async def read_message(self) -> bytes:
        return (await self.wire.read_until(END_OF_MESSAGE)).strip()

    def frame(self, message: bytes) -> bytes:
        return message + END_OF_MESSAGE

    async def answer(self, message_id: str, operation: etree._Element) -> None:
        name, answers = local_name(operation), junos.answers(self.device)
        if name == "get-configuration" and len(operation):
            self.wire.write(self.reply(message_id, junos.domain_configuration()))
        elif name == "get-configuration":
            config = junos.running_config(self.device)
            await self.deliver_config(message_id, config, configuration_text, "permission denied")
        elif name in answers:
            self.wire.write(self.reply(message_id, answers[name]))
        else:
            self.wire.write(self.error(message_id, f"syntax error, expecting <command>: {name}"))


class IosXrSession(NetconfSession):
    """IOS XR operations, messages in chunks (RFC 6242)."""

    async def read_message(self) -> bytes:
        chunks = await self.wire.read_until(END_OF_CHUNKS)
        return join_chunks(chunks)

    def frame(self, message: bytes) -> bytes:
        return b"\n#%d\n%b%b" % (len(message), message, END_OF_CHUNKS)

    async def answer(self, message_id: str, operation: etree._Element) -> None:
        name = local_name(operation)
        if name == "get-config":
            config = iosxr.running_config(self.device).removeprefix("Building configuration...\n")
            await self.deliver_config(message_id, config, cli_data, "the requested access is denied")
        elif name == "get":
            self.wire.write(self.reply(message_id, iosxr.netconf_facts(self.device)))
        else:
            self.wire.write(self.error(message_id, f"operation not supported: {name}"))


def configuration_text(escaped: str) -> str:
    return f'<configuration-text xmlns="http://xml.juniper.net/xnm/1.1/xnm">{escaped}</configuration-text>'


def cli_data(escaped: str) -> str:
    return f'<data><cli xmlns="{CLI_CONFIG}">{escaped}</cli></data>'


def join_chunks(chunks: bytes) -> bytes:
    """The message in `\\n#LENGTH\\nDATA\\n#LENGTH\\nDATA…`, without the framing."""
    message, position = b"", 0
    while position < len(chunks):
        start = chunks.index(b"\n#", position) + 2
        newline = chunks.index(b"\n", start)
        length = int(chunks[start:newline])
        message += chunks[newline + 1 : newline + 1 + length]
        position = newline + 1 + length
    return message
