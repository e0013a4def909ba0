"""The command line of a device over SSH: echo, prompt, enable, answers to the commands NAPALM sends."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from netraven.lab import eos, ios, iosxr, nxos
from netraven.lab.delivery import RequestWire, SessionEnded, deliver
from netraven.lab.device import Fault, LabDevice
from netraven.lab.xml_agent import serve_xml_agent

PAUSE_AFTER_PROMPT_TEXT = 1.0  # seconds; longer than any client waits to see whether more is coming


@dataclass(frozen=True)
class Dialect:
    """How a platform's command line talks; `answers` maps a command to its output."""

    prompt: str  # with {name}; the last character is # once privileged
    starts_privileged: bool
    running_config: Callable[[LabDevice], str]
    answers: Callable[[LabDevice], Mapping[str, str]]
    error: str  # for a command that the device does not know
    config_error: str  # instead of the running configuration, for Fault.CLI_ERROR
    terminal_replies: Mapping[str, str] = field(default_factory=dict)  # most say nothing to `terminal ...`
    startup_config: Callable[[LabDevice], str] | None = None  # for those who do not have it among their answers


IOS = Dialect(
    "{name}>", False, ios.running_config, ios.answers, ios.ERROR, ios.ERROR, startup_config=ios.startup_config
)
DIALECTS: dict[str, Dialect] = {
    "ios": IOS,
    "ios_telnet": IOS,
    "nxos_ssh": Dialect("{name}# ", True, nxos.running_config, nxos.answers, nxos.ERROR, nxos.ERROR),
    "eos_ssh": Dialect(
        "{name}>", False, eos.running_config, eos.answers, eos.ERROR, eos.CONFIG_ERROR, eos.TERMINAL_REPLIES
    ),
    "iosxr": Dialect("RP/0/RP0/CPU0:{name}#", True, iosxr.running_config, iosxr.answers, iosxr.ERROR, iosxr.ERROR),
}


class Shell:
    """One interactive session."""

    def __init__(self, wire: RequestWire, device: LabDevice) -> None:
        self._wire = wire
        self._device = device
        self._dialect = DIALECTS[device.platform]
        self._privileged = self._dialect.starts_privileged
        self._unsent: list[str] = []

    @property
    def prompt(self) -> str:
        """As it is now: > for a user, # for a privileged one."""
        prompt = self._dialect.prompt.format(name=self._device.name)
        return prompt.replace(">", "#") if self._privileged else prompt

    async def run(self) -> None:
        """Answer commands until the client leaves. Raises SessionEnded."""
        self._say("\n" + self.prompt)
        while True:
            command = await self._read_line()
            self._say(command + "\n")
            await self._answer(" ".join(command.split()))
            self._say(self.prompt)

    async def _answer(self, command: str) -> None:
        match command:
            case "":
                return
            case "exit" | "quit" | "logout":
                self._send()
                raise SessionEnded
            case "enable" if not self._privileged:
                await self._enable()
            case "xml" if self._device.platform == "iosxr":
                self._send()
                await serve_xml_agent(self._wire, self._device)
            case "show running-config" | "show running-config all" if self._privileged:
                await self._show_running_config()
            case "show startup-config" if self._dialect.startup_config:
                self._say(self._dialect.startup_config(self._device))
            case _ if command.startswith("terminal "):
                self._say(self._dialect.terminal_replies.get(command, ""))
            case _:
                self._say(self._dialect.answers(self._device).get(command, self._dialect.error))

    async def _enable(self) -> None:
        if self._device.enable_secret:
            self._say("Password: ")
            secret = await self._read_line()
            self._say("\n")
            if secret != self._device.enable_secret or self._device.fault is Fault.WRONG_ENABLE:
                self._say("% Error in authentication.\n\n")
                return
        self._privileged = True

    async def _show_running_config(self) -> None:
        device, config = self._device, self._dialect.running_config(self._device)
        if device.fault is Fault.NONE:
            self._say(config)
        elif device.fault is Fault.TRUNCATES and self.prompt.strip() in config:
            await self._pause_after_prompt_text(config)
        else:
            self._send()
            await deliver(self._wire, device, config, encode, encode(self._dialect.config_error))

    async def _pause_after_prompt_text(self, config: str) -> None:
        """A config line that shows the prompt, then a pause: the client takes it for the end of the output."""
        head, prompt, tail = config.partition(self.prompt.strip())
        self._say(head + prompt)
        self._send()
        await asyncio.sleep(PAUSE_AFTER_PROMPT_TEXT)
        self._say(tail)

    async def _read_line(self) -> str:
        self._send()
        line = (await self._wire.read_until(b"\n")).decode(errors="replace").strip("\r\0")
        if self._device.latency:
            await asyncio.sleep(self._device.latency)
        return line

    def _say(self, text: str) -> None:
        self._unsent.append(text)

    def _send(self) -> None:
        """All that was said since, in one piece, as a network would put it into one packet: packets are what costs."""
        if self._unsent:
            self._wire.write(encode("".join(self._unsent)))
            self._unsent.clear()


def encode(text: str) -> bytes:
    """Text as a terminal gets it."""
    return text.replace("\n", "\r\n").encode()


async def serve_shell(wire: RequestWire, device: LabDevice) -> None:
    """Answer commands until the client leaves. Raises SessionEnded."""
    await Shell(wire, device).run()
