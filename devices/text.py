"""A configuration as text, and as the bytes that the device sent."""


def encode(text: str) -> bytes:
    """The bytes of what a session returned; those that were no UTF-8 are the device's own again."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # an API sent half a surrogate pair in its JSON
        return text.encode("utf-8", "surrogatepass")


def decode(content: bytes) -> str:
    """Text that `encode` turns into the same bytes again."""
    return content.decode("utf-8", "surrogateescape")


def decode_for_people(content: bytes) -> str:
    """Text that can be shown and compared; bytes that are no UTF-8 appear as `\\xe9`."""
    return content.decode("utf-8", "backslashreplace")
