"""A device that is switched off, as far as TCP can tell."""

import socket
from types import TracebackType
from typing import Self


class DeadPort:
    """A port where connecting gets no answer at all, until the client gives up; a refusal would cost it nothing.

    Linux drops what asks for a connection while the queue of a listener is full. This one has room for a single
    connection, which is there already and is never accepted.
    """

    def __init__(self, address: str) -> None:
        self._listener = socket.create_server((address, 0), backlog=0)
        self.address, self.port = self._listener.getsockname()
        self._filler = socket.create_connection((self.address, self.port))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._filler.close()
        self._listener.close()
