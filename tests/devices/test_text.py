from hypothesis import given
from hypothesis import strategies as st

from devices.text import decode_for_people, encode


@given(st.text())
def test_text_comes_back_as_it_was(text: str) -> None:
    assert decode_for_people(encode(text)) == text


@given(st.binary())
def test_bytes_that_are_no_text_are_stored_as_they_came(content: bytes) -> None:
    assert encode(content.decode("utf-8", "surrogateescape")) == content


@given(st.binary())
def test_what_people_see_can_always_be_sent(content: bytes) -> None:
    decode_for_people(content).encode("utf-8")


def test_half_a_surrogate_pair_from_an_api_is_stored() -> None:
    assert encode("description \ud83d") == b"description \xed\xa0\xbd"
