"""Images as text: whatever an encoder writes is read, and nothing else."""

import base64
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.comparisons.data_uris import TextNotBase64, decode_image

HEADS = ("", "data:;base64,", "data:image/jpeg;base64,", "DATA:image/png;charset=x;BASE64,")
BREAKS = ("\n", "\r\n", "\r\n  ", " \n\t")


@st.composite
def written(draw: st.DrawFn) -> tuple[bytes, str]:
    """Bytes, and one of the ways in which encoders write them."""
    body = draw(st.binary(max_size=200))
    encode = draw(st.sampled_from([base64.b64encode, base64.urlsafe_b64encode]))
    text = encode(body).decode()
    if draw(st.booleans()):
        text = text.rstrip("=")
    if width := draw(st.sampled_from([0, 1, 4, 64, 76])):
        text = draw(st.sampled_from(BREAKS)).join(text[at : at + width] for at in range(0, len(text), width))
    return body, draw(st.sampled_from(HEADS)) + text + draw(st.sampled_from(["", "\n", "\r\n"]))


@given(written())
def test_every_form_that_encoders_write_is_read(pair: tuple[bytes, str]) -> None:
    body, text = pair
    assert decode_image(text) == decode_image(text.encode()) == body


@given(st.text(alphabet=string.ascii_letters + string.digits + "+/-_=\n %é\x00", max_size=40))
def test_what_is_read_is_what_an_encoder_would_have_written(text: str) -> None:
    try:
        body = decode_image(text)
    except TextNotBase64:
        return
    digits = "".join(text.split()).rstrip("=")
    encoded = {encode(body).decode().rstrip("=") for encode in (base64.b64encode, base64.urlsafe_b64encode)}
    assert digits in encoded


@given(st.binary(min_size=1, max_size=60), st.data())
def test_a_text_that_lost_a_character_is_not_taken_for_the_whole(body: bytes, data: st.DataObject) -> None:
    text = base64.b64encode(body).decode()
    at = data.draw(st.integers(0, len(text) - 1))
    try:
        decoded = decode_image(text[:at] + text[at + 1 :])
    except TextNotBase64:
        return
    assert decoded != body or text[at] == "=", "only padding may go unnoticed, when all of it is gone"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("AA!A", "found '!' at character 3"),
        ("data:image/jpeg;base64,AA%3D", "found '%' at character 26"),
        ("AAéA", "found 'é' at character 3"),
        ("AA AA", "found ' ' at character 3: was it a `+`?"),
        ("AA=A", "more after character 3"),
        ("AAAA====", "found 4 `=` at its end where 0 belong"),
        ("AAA==", "found 2 `=` at its end where 1 belong"),
        ("AAAAA", "found 5 characters, which end within a byte: was it cut off?"),
        ("AAB", "bits that belong to no byte"),
        ("A+_A", "found both ['+', '_']"),
        ("data:image/jpeg,AAAA", "must be a data URI in base64"),
        ("data:image/jpeg;base64", "must be a data URI in base64"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text: str, said: str) -> None:
    with pytest.raises(TextNotBase64) as wrong:
        decode_image(text)
    assert said in str(wrong.value)
