"""NETCONF over SSH: Junos with base:1.0 framing, IOS XR with base:1.1 chunks."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from xml.etree import ElementTree
from xml.sax.saxutils import escape, quoteattr

from netraven.lab import iosxr, junos
from netraven.lab.delivery import RequestWire, SessionEnded, deliver
from netraven.lab.device import LabDevice

BASE = "urn:ietf:params:xml:ns:netconf:base:1.0"
END_OF_MESSAGE = b"]]>]]>"
END_OF_CHUNKS = b"\n##\n"
CLI_CONFIG = f"{iosxr.YANG}-cli-cfg"


async def serve_netconf(wire: RequestWire, device: LabDevice) -> None:
    """Exchange hellos, then answer RPCs until the client leaves. Raises SessionEnded."""
    session = JunosSession(wire, device) if device.platform == "junos" else IosXrSession(wire, device)
    wire.write(hello(session.capabilities) + END_OF_MESSAGE)
    await wire.read_until(END_OF_MESSAGE)
    while True:
        await session.answer_next()


def hello(capabilities: tuple[str, ...]) -> bytes:
    """The server's first message, which has no framing but the end mark."""
    listed = "".join(f"<capability>{capability}</capability>" for capability in capabilities)
    return f'<hello xmlns="{BASE}"><capabilities>{listed}</capabilities><session-id>4711</session-id></hello>'.encode()


class NetconfSession(ABC):
    """One session: reads RPCs, writes one reply to each."""

    capabilities: tuple[str, ...]

    def __init__(self, wire: RequestWire, device: LabDevice) -> None:
        self.wire = wire
        self.device = device

    async def answer_next(self) -> None:
        """Raises SessionEnded after a close-session, or when the client has left."""
        rpc = ElementTree.fromstring(await self.read_message())  # noqa: S314 - its clients are on loopback
        message_id, operation = rpc.get("message-id", ""), rpc[0]
        name = operation.tag.rpartition("}")[2]
        if name == "close-session":
            self.wire.write(self.reply(message_id, "<ok/>"))
            raise SessionEnded
        await self.answer(message_id, name, operation)

    @abstractmethod
    async def read_message(self) -> bytes:
        """The next message, without its framing."""

    @abstractmethod
    def frame(self, message: bytes) -> bytes:
        """The message with the framing that the hellos agreed on."""

    @abstractmethod
    async def answer(self, message_id: str, name: str, operation: ElementTree.Element) -> None:
        """Reply to one operation."""

    def reply(self, message_id: str, body: str) -> bytes:
        """A framed rpc-reply."""
        return self.frame(f'<rpc-reply xmlns="{BASE}" message-id={quoteattr(message_id)}>{body}</rpc-reply>'.encode())

    def error(self, message_id: str, message: str) -> bytes:
        """A framed rpc-reply that holds an rpc-error."""
        body = (
            "<rpc-error><error-type>protocol</error-type><error-tag>operation-failed</error-tag>"
            f"<error-severity>error</error-severity><error-message>{escape(message)}</error-message></rpc-error>"
        )
        return self.reply(message_id, body)

    async def deliver_config(self, message_id: str, config: str, wrap: Callable[[str], str], error: str) -> None:
        """Send the configuration as the device's fault has it; `wrap` puts the elements around escaped text."""
        await deliver(
            self.wire,
            self.device,
            config,
            lambda text: self.reply(message_id, wrap(escape(text))),
            self.error(message_id, error),
        )


class JunosSession(NetconfSession):
    """Junos RPCs, messages ended by `]]>]]>`."""

    capabilities = ("urn:ietf:params:netconf:base:1.0", "http://xml.juniper.net/netconf/junos/1.0")

    async def read_message(self) -> bytes:
        """Up to the end mark."""
        return (await self.wire.read_until(END_OF_MESSAGE)).strip()

    def frame(self, message: bytes) -> bytes:
        """With the end mark."""
        return message + END_OF_MESSAGE

    async def answer(self, message_id: str, name: str, operation: ElementTree.Element) -> None:
        """A get-configuration with a filter asks for the domain name, one without for everything."""
        answers = junos.answers(self.device)
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

    capabilities = ("urn:ietf:params:netconf:base:1.0", "urn:ietf:params:netconf:base:1.1", CLI_CONFIG)

    async def read_message(self) -> bytes:
        """The chunks, put together."""
        return join_chunks(await self.wire.read_until(END_OF_CHUNKS))

    def frame(self, message: bytes) -> bytes:
        """In a single chunk."""
        return b"\n#%d\n%b%b" % (len(message), message, END_OF_CHUNKS)

    async def answer(self, message_id: str, name: str, operation: ElementTree.Element) -> None:
        """A get-config gives the configuration as CLI text, a get the facts."""
        if name == "get-config":
            config = iosxr.running_config(self.device).removeprefix("Building configuration...\n")
            await self.deliver_config(message_id, config, cli_data, "the requested access is denied")
        elif name == "get":
            self.wire.write(self.reply(message_id, iosxr.netconf_facts(self.device)))
        else:
            self.wire.write(self.error(message_id, f"operation not supported: {name}"))


def configuration_text(escaped: str) -> str:
    """The way Junos returns text instead of elements."""
    return f'<configuration-text xmlns="http://xml.juniper.net/xnm/1.1/xnm">{escaped}</configuration-text>'


def cli_data(escaped: str) -> str:
    """The way IOS XR returns text instead of elements."""
    return f'<data><cli xmlns="{CLI_CONFIG}">{escaped}</cli></data>'


def join_chunks(chunks: bytes) -> bytes:
    """The message in `\\n#LENGTH\\nDATA\\n#LENGTH\\nDATA...`, without the framing."""
    message, position = b"", 0
    while position < len(chunks):
        start = chunks.index(b"\n#", position) + 2
        newline = chunks.index(b"\n", start)
        position = newline + 1 + int(chunks[start:newline])
        message += chunks[newline + 1 : position]
    return message
