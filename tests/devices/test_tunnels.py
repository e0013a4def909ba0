"""What goes through a tunnel: every byte, of nobody else, and no longer than the session lasts."""

import hashlib
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from devices.connection import Login, RetryPolicy, Target, Timeouts, close_gateways, fetch, open_session
from devices.connection.gateway_transport import WINDOW
from devices.exceptions import DeadlineExceeded, DeviceUnreachable, UnexpectedDeviceError
from netraven.lab import Fault, Lab, LabGateway
from tests.conftest import wait_for
from tests.devices.conftest import ONCE, PLATFORMS, QUICK, RecordedLog, Serve, anybody, login_of, no_leaks
from tests.devices.through import behind, jump_host_of, read

OddDriver = Callable[[str], str]
MEGABYTES = 1_000_000


def read_odd(gateway: LabGateway, driver: str, port: int, timeouts: Timeouts = QUICK) -> str:
    """What a driver of our own makes of a server of our own behind the gateway."""
    target = Target("odd", "127.0.0.1", port, driver, {}, jump_host_of(gateway))
    _, text = fetch(target, Login("netraven"), guard=anybody(), timeouts=timeouts, log=RecordedLog(), retry=ONCE)
    return text


def receive_all(connection: socket.socket) -> bytes:
    received = bytearray()
    while piece := connection.recv(65536):
        received += piece
    return bytes(received)


def answer_with(content: bytes) -> Callable[[socket.socket], None]:
    """A server that reads to the end, sends this, and hangs up."""

    def handle(connection: socket.socket) -> None:
        receive_all(connection)
        connection.sendall(content)

    return handle


# A driver that sends, says that this was all, and then reads to the end.
ASK_AND_READ = """
    def get_config(self, retrieve="all"):
        import hashlib
        with socket.create_connection((self.hostname, self.optional_args["port"])) as connection:
            connection.sendall(bytes(range(256)) * {blocks})
            connection.shutdown(socket.SHUT_WR)
            {before_reading}
            answer = connection.makefile("rb").read()
        return {{"running": f"{{len(answer)}} {{hashlib.sha256(answer).hexdigest()}}"}}
"""


def test_no_byte_is_lost_in_either_direction_when_one_side_ends_first(
    gateway: LabGateway, odd_driver: OddDriver, serve: Serve
) -> None:
    answer = bytes(range(255, -1, -1)) * (3 * MEGABYTES // 256)
    asked: list[bytes] = []

    def handle(connection: socket.socket) -> None:
        asked.append(receive_all(connection))
        connection.sendall(answer)

    driver, port = odd_driver(ASK_AND_READ.format(blocks=3 * MEGABYTES // 256, before_reading="")), serve(handle)
    with no_leaks():
        text = read_odd(gateway, driver, port)
        close_gateways()
    assert text == f"{len(answer)} {hashlib.sha256(answer).hexdigest()}"
    assert asked == [bytes(range(256)) * (3 * MEGABYTES // 256)]


def test_last_words_of_a_device_that_hangs_up_at_once_arrive(
    gateway: LabGateway, odd_driver: OddDriver, serve: Serve
) -> None:
    driver = odd_driver(ASK_AND_READ.format(blocks=1, before_reading="time.sleep(0.5)"))
    port = serve(answer_with(b"end"))
    assert read_odd(gateway, driver, port).startswith("3 ")


def test_driver_that_reads_slowly_holds_the_device_back(
    gateway: LabGateway, odd_driver: OddDriver, serve: Serve
) -> None:
    size = 40 * MEGABYTES
    driver = odd_driver(ASK_AND_READ.format(blocks=1, before_reading="time.sleep(2)"))
    port = serve(answer_with(bytes(size)))
    held_back: list[int] = []
    threading.Timer(1.5, lambda: held_back.append(gateway.forwarded_bytes)).start()
    assert read_odd(gateway, driver, port).startswith(f"{size} ")
    assert held_back[0] < WINDOW + 20 * MEGABYTES  # and what the system's own buffers hold


def test_device_that_reads_slowly_holds_the_driver_back_and_others_go_on(
    lab: Lab, gateway: LabGateway, odd_driver: OddDriver, serve: Serve
) -> None:
    received: list[int] = []

    def handle(connection: socket.socket) -> None:
        time.sleep(3)
        received.append(len(receive_all(connection)))

    driver = odd_driver(ASK_AND_READ.format(blocks=40 * MEGABYTES // 256, before_reading=""))
    port = serve(handle)
    patient = Timeouts(tcp=2, connect=8, read=30, deadline=40)
    sending = threading.Thread(target=read_odd, args=(gateway, driver, port, patient))
    sending.start()
    wait_for(lambda: gateway.forwarded_bytes > MEGABYTES, 10, "the window to be full")
    read(gateway, lab.add("nxos_ssh", gateway=gateway.name))
    assert not received
    sending.join()
    assert received == [40 * MEGABYTES // 256 * 256]
    assert gateway.logins == 1


def test_every_connection_of_a_driver_has_one_of_its_own_through_the_gateway(
    gateway: LabGateway, odd_driver: OddDriver, serve: Serve
) -> None:
    numbers = iter(range(10))
    port = serve(lambda connection: connection.sendall(str(next(numbers)).encode()))
    driver = odd_driver(
        """
        def get_config(self, retrieve="all"):
            place = self.hostname, self.optional_args["port"]
            connections = [socket.create_connection(place) for _ in range(3)]
            return {"running": "".join(each.makefile().read() for each in connections)}
        """
    )
    with no_leaks():
        assert sorted(read_odd(gateway, driver, port)) == ["0", "1", "2"]
        close_gateways()
    assert len(gateway.outgoing) == 3


def test_device_that_stops_listening_in_the_middle_is_unreachable(gateway: LabGateway, odd_driver: OddDriver) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

        def accept_once() -> None:
            listener.accept()[0].close()
            listener.close()

        threading.Thread(target=accept_once, name="odd-server").start()
        driver = odd_driver(
            """
            def open(self):
                for _ in range(2):
                    with socket.create_connection((self.hostname, self.optional_args["port"])) as connection:
                        connection.recv(1)
                    time.sleep(0.3)
            """
        )
        with pytest.raises(DeviceUnreachable, match=f"odd: the gateway {gateway.name} got no connection to 127"):
            read_odd(gateway, driver, port)


def test_another_process_gets_nothing_through_the_tunnel(lab: Lab, gateway: LabGateway) -> None:
    device = lab.add("ios", gateway=gateway.name)
    program = (
        "import socket, sys; connection = socket.create_connection(('127.0.0.1', int(sys.argv[1])), 10)\n"
        "try: connection.sendall(b'SSH-2.0-x\\r\\n'); print(len(connection.recv(100)))\n"
        "except ConnectionError: print(0)"
    )
    target = behind(gateway, device)
    with open_session(target, login_of(device), guard=anybody(), timeouts=QUICK, log=RecordedLog()) as session:
        port = str(session._reached.port)
        done = subprocess.run([sys.executable, "-c", program, port], capture_output=True, text=True, check=True)
        assert done.stdout == "0\n"
        with socket.create_connection(("127.0.0.1", int(port)), 10) as same_process:
            assert same_process.recv(100) == b""
        assert device.running_config.strip() in session.running_config()
    assert (len(device.client_ports), len(gateway.outgoing)) == (1, 1)


def test_source_port_of_a_finished_connection_opens_the_tunnel_to_nobody(
    gateway: LabGateway, odd_driver: OddDriver, serve: Serve
) -> None:
    """Whoever comes from the port of a connection that the session has had is still a stranger."""
    driver = odd_driver(
        """
        def get_config(self, retrieve="all"):
            place = self.hostname, self.optional_args["port"]
            with socket.create_connection(place) as connection:
                name = connection.getsockname()
                connection.makefile().read()
                for _ in range(3):
                    time.sleep(0.3)
                    try: connection.send(b"too late")
                    except OSError: pass  # it has been reset, which frees the port
            import subprocess, sys
            program = (
                "import socket; s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1);"
                f"s.bind({name!r}); s.settimeout(5); s.connect({place!r}); print('connected', s.recv(9))"
            )
            done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
            return {"running": done.stdout + done.stderr}
        """
    )
    text = read_odd(gateway, driver, serve(lambda connection: connection.sendall(b"secret")))
    assert text == "connected b''\n" or "ConnectionResetError" in text
    assert len(gateway.outgoing) == 1


def test_redirect_to_another_local_service_is_not_followed(gateway: LabGateway, serve: Serve) -> None:
    elsewhere: list[socket.socket] = []
    other_port = serve(elsewhere.append)

    def redirect(connection: socket.socket) -> None:
        connection.recv(65536)
        location = f"http://127.0.0.1:{other_port}/ins"
        connection.sendall(f"HTTP/1.1 307 Elsewhere\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode())

    target = Target("dc1", "127.0.0.1", serve(redirect), "nxos", {"transport": "http"}, jump_host_of(gateway))
    with pytest.raises(UnexpectedDeviceError, match=rf"connection to 127\.0\.0\.1 port {other_port}"):
        fetch(target, Login("netraven", "x"), guard=anybody(), timeouts=QUICK, log=RecordedLog(), retry=ONCE)
    assert not elsewhere


@pytest.mark.parametrize("fault", [Fault.SILENT, Fault.HANGS])
@pytest.mark.parametrize("platform", PLATFORMS)
def test_hung_session_is_cut_at_the_deadline_and_leaves_nothing_open(
    lab: Lab, gateway: LabGateway, platform: str, fault: Fault
) -> None:
    device = lab.add(platform, fault=fault, gateway=gateway.name)
    timeouts = Timeouts(tcp=60, connect=60, read=60, deadline=6 if platform == "iosxr" else 3)
    started = time.monotonic()
    with no_leaks(device):
        with pytest.raises(DeadlineExceeded):
            read(gateway, device, timeouts=timeouts, retry=RetryPolicy(attempts=3))
        assert time.monotonic() - started < 15
        close_gateways()
    assert gateway.channels == 0


def test_cutting_one_session_leaves_the_others_through_the_gateway_alone(lab: Lab, gateway: LabGateway) -> None:
    hung = lab.add("ios", fault=Fault.HANGS, gateway=gateway.name)
    slow = lab.add("ios", fault=Fault.SLOW, delay=4, gateway=gateway.name)
    answers: list[str] = []
    neighbour = threading.Thread(target=lambda: answers.append(read(gateway, slow)[1]))
    neighbour.start()
    with pytest.raises(DeadlineExceeded):
        read(gateway, hung, timeouts=replace(QUICK, read=60, deadline=2))
    neighbour.join()
    assert slow.running_config.strip() in answers[0]
    assert gateway.logins == 1
