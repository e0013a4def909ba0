"""The IOS XR XML agent: requests and replies in XML on the terminal, between `XML>` prompts, without echo."""

import re
from xml.sax.saxutils import escape, unescape

from netraven.lab import iosxr
from netraven.lab.delivery import RequestWire, deliver
from netraven.lab.device import LabDevice

PROMPT = b"XML>"
HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<Response MajorVersion="1" MinorVersion="0">'
TAIL = '<ResultSummary ErrorCount="0"/></Response>'


async def serve_xml_agent(wire: RequestWire, device: LabDevice) -> None:
    """Answer XML requests until the client types exit. Raises SessionEnded when it leaves."""
    request = ""
    wire.write(PROMPT)
    while True:
        line = (await wire.read_until(b"\n")).decode(errors="replace").strip("\r\0")
        request = f"{request}\n{line}".strip()
        if request == "exit":
            return
        if request and not request.endswith("</Request>"):
            continue
        if request:
            await answer(wire, device, request)
        request = ""
        wire.write(PROMPT)


async def answer(wire: RequestWire, device: LabDevice, request: str) -> None:
    """Reply to one request, which may be of many lines."""
    command = re.search(r"<Configuration>(.*?)</Configuration>", request, re.DOTALL)
    if command and unescape(command[1]).startswith("show running-config"):
        config = iosxr.running_config(device)
        await deliver(wire, device, config, cli_response, cli_response(iosxr.CONFIG_ERROR))
    else:
        wire.write(iosxr_response(iosxr.xml_answer(request, device)))


def cli_response(text: str) -> bytes:
    """The reply to a configuration command."""
    return iosxr_response(f"<CLI><Configuration>{escape(text)}</Configuration></CLI>")


def iosxr_response(body: str) -> bytes:
    """A whole reply, as the terminal shows it."""
    return f"{HEAD}{body}{TAIL}\n".replace("\n", "\r\n").encode()
