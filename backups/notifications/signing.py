"""How a receiver knows that a message is NetRaven's: as Standard Webhooks has it."""

import base64
import hashlib
import hmac

PREFIX = "whsec_"
SHORTEST, LONGEST = 24, 64  # bytes of a key


class UnusableSecret(Exception):
    """No key can be made of it; str() is a sentence for the operator."""


def key_of(secret: str) -> bytes:
    """`whsec_` and base64, or any other text as it is. Raises UnusableSecret."""
    if secret.startswith(PREFIX):
        try:
            key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
        except ValueError:  # binascii.Error is one; what is no ASCII raises the other
            raise UnusableSecret("What follows whsec_ is not base64.") from None
    else:
        key = secret.encode("utf-8", "surrogatepass")
    if len(key) < SHORTEST:
        raise UnusableSecret(f"Give a secret of at least {SHORTEST} bytes: every message is signed with it.")
    if secret.startswith(PREFIX) and len(key) > LONGEST:
        raise UnusableSecret(f"A whsec_ secret holds at most {LONGEST} bytes.")
    return key


def sign(secret: str, message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The headers that go with a message: its id, the time in seconds, and HMAC-SHA256 over both and the body."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    digest = hmac.new(key_of(secret), signed, hashlib.sha256).digest()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }
