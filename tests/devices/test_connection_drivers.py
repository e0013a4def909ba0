"""Drivers: which are accepted, what they are given, and what odd ones may do."""

import socket
from collections.abc import Callable

import pytest

from devices.connection import (
    ALLOWED_OPTIONAL_ARGS,
    Login,
    Target,
    available_drivers,
    fetch,
    open_session,
    validate_driver,
)
from devices.exceptions import AuthenticationFailed, ConnectionLost, DeviceError, UnexpectedDeviceError
from tests.devices.conftest import ONCE, QUICK, RecordedLog, Serve, anybody, no_leaks

LOGIN = Login("netraven", "pa$$'word", 'en"able\\')


def read(target: Target, log: RecordedLog) -> str:
    with open_session(target, LOGIN, guard=anybody(), timeouts=QUICK, log=log) as session:
        return session.running_config()


def test_the_seven_drivers_of_napalm_are_available() -> None:
    assert set(available_drivers()) >= {"eos", "ios", "iosxr", "iosxr_netconf", "junos", "nxos", "nxos_ssh"}
    assert not {"mock", "base"} & set(available_drivers())


@pytest.mark.parametrize("name", ["ios", "IOS-XR", "nxos_ssh"])
def test_driver_that_napalm_resolves_is_valid(name: str) -> None:
    validate_driver(name)


@pytest.mark.parametrize("name", ["", "nosuch", "mock", "base", "napalm.ios", "custom_napalm.x", "../ios", "ios.ios"])
def test_anything_else_is_no_driver(name: str) -> None:
    with pytest.raises(ValueError, match="driver"):
        validate_driver(name)


def test_community_driver_is_available_and_works(odd_device: Callable[[str], Target], log: RecordedLog) -> None:
    target = odd_device("def get_config(self, retrieve='all'): return {'running': 'hostname odd'}")
    assert target.driver in available_drivers()
    validate_driver(target.driver)
    assert read(target, log) == "hostname odd"


def test_driver_whose_get_config_takes_no_arguments_works(
    odd_device: Callable[[str], Target], log: RecordedLog
) -> None:
    assert read(odd_device("def get_config(self): return {'running': 'hostname odd'}"), log) == "hostname odd"


def test_driver_is_never_asked_to_mask_the_configuration(odd_device: Callable[[str], Target], log: RecordedLog) -> None:
    target = odd_device("def get_config(self, retrieve='all', sanitized=False): return {'running': f'{sanitized}'}")
    assert read(target, log) == "False"


@pytest.mark.parametrize("answer", ["None", "{}", "{'running': None}", "{'running': b'hostname odd'}"])
def test_answer_that_holds_no_text_is_an_error(
    odd_device: Callable[[str], Target], log: RecordedLog, answer: str
) -> None:
    with pytest.raises(UnexpectedDeviceError, match="while reading the running configuration"):
        read(odd_device(f"def get_config(self, retrieve='all'): return {answer}"), log)


def test_error_while_closing_is_logged_and_hides_nothing(odd_device: Callable[[str], Target], log: RecordedLog) -> None:
    target = odd_device(
        """
        def get_config(self, retrieve="all"): return {"running": "hostname odd"}
        def close(self): raise RuntimeError("still committing")
        """
    )
    assert read(target, log) == "hostname odd"
    assert log["close_failure"]["error"] == "still committing"


def test_error_while_closing_does_not_mask_the_one_before(
    odd_device: Callable[[str], Target], log: RecordedLog
) -> None:
    target = odd_device(
        """
        def get_config(self, retrieve="all"): raise EOFError
        def close(self): raise RuntimeError("already gone")
        """
    )
    with pytest.raises(ConnectionLost):
        read(target, log)


def test_driver_is_closed_also_when_opening_failed(odd_device: Callable[[str], Target], log: RecordedLog) -> None:
    target = odd_device(
        """
        def open(self):
            self.connection = socket.create_connection((self.hostname, self.optional_args["port"]))
            raise ValueError("half open")
        def close(self): self.connection.close()
        """
    )
    with no_leaks(), pytest.raises(UnexpectedDeviceError, match="half open"):
        fetch(target, LOGIN, guard=anybody(), timeouts=QUICK, log=log, retry=ONCE)


def test_innermost_explanation_is_the_one_that_is_told(odd_device: Callable[[str], Target], log: RecordedLog) -> None:
    target = odd_device("def open(self): raise RuntimeError('cannot connect') from ValueError('no common algorithm')")
    with pytest.raises(UnexpectedDeviceError, match="ValueError while logging in: no common algorithm"):
        read(target, log)
    assert "cannot connect" in log.entries[-1]["traceback"]


@pytest.mark.parametrize(
    ("text", "error_class"),
    [
        ("Unauthorized. Unable to authenticate user", AuthenticationFailed),
        ("Error [1002]: CLI command 1 of 2 'enable' failed: invalid command [Bad secret]", AuthenticationFailed),
        ("Error [1005]: CLI command 2 of 2 'show running-config' failed: Command unauthorized", UnexpectedDeviceError),
        ("cannot parse: banner motd Unauthorized access is prohibited", UnexpectedDeviceError),
    ],
)
def test_only_a_refused_log_in_is_an_authentication_failure(
    odd_device: Callable[[str], Target], log: RecordedLog, text: str, error_class: type[DeviceError]
) -> None:
    target = odd_device(f"def open(self): raise RuntimeError({text!r})")
    with pytest.raises(DeviceError) as caught:
        read(target, log)
    assert type(caught.value) is error_class


@pytest.mark.parametrize("driver", ["nxos", "eos"])
def test_web_server_that_is_no_device_is_told_apart(serve: Serve, log: RecordedLog, driver: str) -> None:
    def answer(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 500 Oops\r\nContent-Length: 17\r\n\r\n<html>oops</html>")

    target = Target("web", "127.0.0.1", serve(answer), driver, {"transport": "http"})
    with pytest.raises(UnexpectedDeviceError, match="while logging in"):
        read(target, log)


@pytest.mark.parametrize("quoted", ["{0}", "{0!r}", "{1}", "{1!r}"])
@pytest.mark.parametrize("step", ["open", "get_config", "close"])
def test_secret_in_an_exception_reaches_neither_message_nor_log(
    odd_device: Callable[[str], Target], log: RecordedLog, step: str, quoted: str
) -> None:
    message = quoted.format(LOGIN.password, LOGIN.enable_secret)
    target = odd_device(
        f"""
        def get_config(self, retrieve="all"): return {{"running": "hostname odd"}}
        def {step}(self, *args, **named): raise RuntimeError("refused: " + {message!r})
        """
    )
    text = ""
    try:
        read(target, log)
    except UnexpectedDeviceError as error:
        text = str(error)
    heard = text + "".join(str(value) for entry in log.entries for value in entry.values())
    assert "refused: " in heard
    assert "********" in heard
    assert LOGIN.password not in heard
    assert LOGIN.enable_secret not in heard


def test_login_shows_no_secret_when_printed() -> None:
    login = Login("netraven", "first", "second", "third", "fourth")
    assert repr(login) == "Login(username='netraven')"


@pytest.mark.parametrize(
    "argument",
    [
        "ssh_config_file",
        "secret",
        "enable_password",
        "key_file",
        "sock",
        "session_log",
        "alt_key_file",
        "use_keys",
        "allow_agent",
        "pkey",
        "passphrase",
        "serial_settings",
        "port",
        "bind_addr",
        "proxy_command",
    ],
)
def test_dangerous_driver_arguments_are_refused(
    odd_device: Callable[[str], Target], log: RecordedLog, argument: str
) -> None:
    assert argument not in ALLOWED_OPTIONAL_ARGS
    target = odd_device("")
    target = Target(target.hostname, target.address, target.port, "ios", {argument: "x"})
    with pytest.raises(UnexpectedDeviceError, match=argument):
        read(target, log)


@pytest.mark.parametrize("transport", ["os.path", "socket", "http_local", ["ssh"], None])
def test_transport_that_names_code_or_a_local_socket_is_refused(
    odd_device: Callable[[str], Target], log: RecordedLog, transport: object
) -> None:
    target = odd_device("")
    target = Target(target.hostname, target.address, target.port, "eos", {"transport": transport})
    with pytest.raises(UnexpectedDeviceError, match="transport"):
        read(target, log)


def test_argument_that_the_driver_does_not_know_is_explained(serve: Serve, log: RecordedLog) -> None:
    port = serve(lambda connection: connection.recv(1))
    target = Target("edge", "127.0.0.1", port, "iosxr_netconf", {"fast_cli": True})
    with pytest.raises(UnexpectedDeviceError, match="fast_cli"):
        read(target, log)


def test_redirect_to_another_host_is_not_followed(serve: Serve, log: RecordedLog) -> None:
    elsewhere: list[socket.socket] = []
    other_port = serve(elsewhere.append)

    def redirect(connection: socket.socket) -> None:
        connection.recv(65536)
        location = f"http://127.0.0.2:{other_port}/ins"
        connection.sendall(f"HTTP/1.1 307 Elsewhere\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode())

    target = Target("dc1", "127.0.0.1", serve(redirect), "nxos", {"transport": "http"})
    with pytest.raises(UnexpectedDeviceError, match=r"connection to 127\.0\.0\.2 port"):
        read(target, log)
    assert not elsewhere
