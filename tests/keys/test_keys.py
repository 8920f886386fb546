"""What a key is, without any server."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import SettingsInvalid
from core.keys.keys import ApiKey, KeyState, Scope, Token, digest_of, new_token, read_token
from core.settings import Settings, load_settings
from core.settings.groups import is_loopback


def key(token: Token, **fields: float) -> ApiKey:
    scopes = frozenset([Scope.READ])
    return ApiKey(
        token.key_id,
        token.key_id,
        "k",
        scopes,
        created_at=0.0,
        digest=digest_of(token.secret),
        **fields,  # type: ignore[arg-type]
    )


def test_a_key_is_read_as_it_was_made() -> None:
    token = new_token()
    assert read_token(str(token)) == token
    assert str(token).startswith("lk_")
    assert key(token).has_secret(token.secret)


@given(at=st.integers(0, 10**6), other=st.characters(codec="ascii"))
def test_a_key_with_one_other_character_is_another_key(at: int, other: str) -> None:
    token = new_token()
    text = str(token)
    at %= len(text)
    changed = text[:at] + other + text[at + 1 :]
    found = read_token(changed)
    same = found is not None and found.key_id == token.key_id and key(token).has_secret(found.secret)
    assert same == (changed == text)


@given(st.text())
def test_no_text_breaks_the_reading(text: str) -> None:
    found = read_token(text)
    assert found is None or str(found) == text


def test_neither_the_secret_nor_its_digest_is_in_a_repr() -> None:
    token = new_token()
    assert token.secret not in repr(token)
    assert digest_of(token.secret) not in repr(key(token))


@given(st.floats(0, 100), st.none() | st.floats(0, 100), st.none() | st.floats(0, 100))
def test_a_key_that_is_not_good_any_more_never_becomes_good_again(
    now: float, expires_at: float | None, revoked_at: float | None
) -> None:
    mine = key(new_token(), expires_at=expires_at, revoked_at=revoked_at)  # type: ignore[arg-type]
    active = mine.state_at(now) is KeyState.ACTIVE
    assert active == all(end is None or now < end for end in (expires_at, revoked_at))
    if not active:
        assert mine.state_at(now + 1) is not KeyState.ACTIVE


def test_admin_includes_every_scope_and_no_other_scope_includes_one() -> None:
    for has in Scope:
        mine = ApiKey("a", "a", "k", frozenset([has]), 0.0)
        assert {scope for scope in Scope if mine.allows(scope)} == (set(Scope) if has is Scope.ADMIN else {has})


@pytest.mark.parametrize("bind", ["127.0.0.1:8000", "127.1.2.3:80", "localhost:8000", "[::1]:8000"])
def test_keys_are_off_by_themselves_on_loopback(bind: str) -> None:
    assert is_loopback(bind)
    assert not Settings(api_bind=bind).api.auth_on
    assert Settings(api_bind=bind, auth="on").api.auth_on


@pytest.mark.parametrize(
    "bind", ["0.0.0.0:8000", ":8000", "[::]:8000", "10.0.0.1:80", "example.org:80", "unix:/run/a", "127.0.0.1:1,:2", ""]
)
def test_keys_are_on_by_themselves_everywhere_else_and_cannot_be_turned_off(
    bind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert Settings(api_bind=bind).api.auth_on
    monkeypatch.setenv("LIKENESS_API_BIND", bind or "0")
    monkeypatch.setenv("LIKENESS_AUTH", "off")
    with pytest.raises(SettingsInvalid, match=r"LIKENESS_AUTH: .*on loopback only, and LIKENESS_API_BIND is"):
        _ = load_settings().api
