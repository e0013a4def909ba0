"""Nothing that a session says may contain a secret of its log-in."""

import base64
import json
from urllib.parse import quote

from devices.connection.terms import Login

MASK = "********"
KEY_LINE_LENGTH = 16


class Scrubber:
    """Replaces the secrets of one log-in, also in the spellings that libraries print them in."""

    def __init__(self, login: Login) -> None:
        secrets = {login.password, login.enable_secret, login.passphrase, login.private_key}
        secrets |= {line for line in login.private_key.splitlines() if _is_key_material(line)}
        secrets.add(base64.b64encode(f"{login.username}:{login.password}".encode()).decode())
        spellings = {spelling for secret in secrets if secret for spelling in _spellings(secret)}
        self._spellings = sorted(spellings, key=len, reverse=True)

    def __call__(self, text: str) -> str:
        """The text without secrets."""
        for spelling in self._spellings:
            text = text.replace(spelling, MASK)
        return text


def _is_key_material(line: str) -> bool:
    return len(line) >= KEY_LINE_LENGTH and not line.startswith("-----")


def _spellings(secret: str) -> set[str]:
    """As it is, in a Python or JSON string, in a URL."""
    return {secret, repr(secret)[1:-1], repr(secret.encode())[2:-1], json.dumps(secret)[1:-1], quote(secret, safe="")}
