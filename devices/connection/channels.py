"""Reading from a device without losing a byte: what netmiko and ncclient get wrong between two reads.

netmiko decodes each piece that arrives on its own and drops what does not decode: a character that is split between two
pieces is missing from the configuration, and nobody is told. ncclient fails on such a piece. Neither takes a channel of
ours as an argument, so `use_whole_channels` puts these in the place of theirs.
"""

import codecs
import os
import re
from typing import Any

import ncclient.transport
import netmiko.base_connection
from ncclient.transport.parser import DefaultXMLParser
from ncclient.transport.ssh import SSHSession
from netmiko.channel import SSHChannel, TelnetChannel
from netmiko.netmiko_globals import MAX_BUFFER

# Bytes that are no text in the channel's encoding become lone surrogates, and the very same bytes when they are stored.
UNDECODABLE = "surrogateescape"
BYTE_FOR_BYTE = "latin-1"
PATIENCE = 3  # questions in vain, before the next one waits
MOMENT = 0.1  # seconds
LONGEST_CHARACTER = 4  # bytes, in UTF-8
CONTINUATION = re.compile(rb"[\x80-\xbf]")  # a byte inside a UTF-8 character


parse_netconf_10 = DefaultXMLParser._parse10


class WholeSSHChannel(SSHChannel):
    """An SSH channel that keeps split characters, and says when the device has hung up: netmiko would poll for ever.

    netmiko asks a hundred times a second whether anything has come. Over a device that thinks for ten seconds that
    costs as much as the whole of a quick backup; so when nothing came a few times, the question itself waits a little.
    """

    def __init__(self, conn: Any, encoding: str) -> None:
        super().__init__(conn, encoding)
        self._decoder = codecs.getincrementaldecoder(encoding)(UNDECODABLE)
        self._asked_in_vain = 0

    def write_channel(self, out_data: str) -> None:
        """Send; an answer may come soon."""
        self._asked_in_vain = 0
        super().write_channel(out_data)

    def read_buffer(self) -> str:
        """What has come since; "" if nothing, or only the beginning of a character."""
        if self.remote_conn is None or not self.remote_conn.recv_ready():
            return ""
        return self._decoder.decode(self.remote_conn.recv(MAX_BUFFER))

    def read_channel(self) -> str:
        """What has come since; EOFError once everything has, and the channel is closed."""
        hung_up = self.remote_conn is not None and self.remote_conn.closed
        text = self._wait() + super().read_channel()
        if hung_up and not text:
            raise EOFError("The device closed the channel.")
        self._asked_in_vain = 0 if text else self._asked_in_vain + 1
        return text

    def _wait(self) -> str:
        """What comes within a moment, if nothing has come for some."""
        if self.remote_conn is None or self._asked_in_vain < PATIENCE:
            return ""
        timeout = self.remote_conn.gettimeout()
        self.remote_conn.settimeout(MOMENT)
        try:
            return self._decoder.decode(self.remote_conn.recv(MAX_BUFFER))
        except TimeoutError:
            return ""
        finally:
            self.remote_conn.settimeout(timeout)


class WholeTelnetChannel(TelnetChannel):
    """A Telnet channel that keeps split characters."""

    def __init__(self, conn: Any, encoding: str) -> None:
        super().__init__(conn, encoding)
        self._decoder = codecs.getincrementaldecoder(encoding)(UNDECODABLE)

    def read_channel(self) -> str:
        """What has come since; EOFError once everything has, and the connection is closed."""
        encoding, self.encoding = self.encoding, BYTE_FOR_BYTE
        try:
            received = super().read_channel()
        finally:
            self.encoding = encoding
        return self._decoder.decode(received.encode(BYTE_FOR_BYTE))


class WholeNetconfSession(SSHSession):  # type: ignore[misc]  # ncclient has no types
    """A NETCONF session that hands its parser whole characters."""

    _held = b""

    def _transport_read(self) -> bytes:
        while piece := super()._transport_read():
            self._held += piece
            whole = len(self._held) - _split_at_end(self._held)
            if whole:
                received, self._held = self._held[:whole], self._held[whole:]
                return received
        return b""


def parse_whole_characters(parser: DefaultXMLParser) -> None:
    """Parse what has come (NETCONF 1.0), and leave the place to go on from at the beginning of a character."""
    parse_netconf_10(parser)
    buffer = parser._session._buffer
    while parser._parsing_pos10 > 0:
        buffer.seek(parser._parsing_pos10)
        if not CONTINUATION.match(buffer.read(1)):
            break
        parser._parsing_pos10 -= 1
    buffer.seek(0, os.SEEK_END)


def _split_at_end(data: bytes) -> int:
    """How many bytes at the end are the beginning of a UTF-8 character."""
    for length in range(1, min(LONGEST_CHARACTER, len(data) + 1)):
        byte = data[-length]
        if byte >= 0b1100_0000:  # a first byte: it says how many there must be
            wanted = 2 if byte < 0b1110_0000 else 3 if byte < 0b1111_0000 else 4
            return length if length < wanted else 0
        if byte < 0b1000_0000:
            return 0
    return 0


def use_whole_channels() -> None:
    """Have the libraries make these, from now on, in the whole process."""
    netmiko.base_connection.SSHChannel = WholeSSHChannel  # type: ignore[attr-defined]
    netmiko.base_connection.TelnetChannel = WholeTelnetChannel  # type: ignore[attr-defined]
    ncclient.transport.SSHSession = WholeNetconfSession
    DefaultXMLParser._parse10 = parse_whole_characters
