import pytest

from wherry_emulators.freshsales.auth import read_keys
from wherry_emulators.process import SettingError

KEYS = read_keys(["k1", "k2=ada@example.com"], ["look"], "de")


@pytest.mark.parametrize("header", [b"Token token=k1", b"token token=k1", b"Token k1", b'Token token="k1"'])
def test_the_documented_and_the_lenient_form_are_accepted(header):
    key = KEYS.of(header)
    assert key is not None
    assert key.may_write


@pytest.mark.parametrize(
    "header", [None, b"", b"Bearer k1", b"Token token=k3", b"Token", b"k1", b"Token token="]
)
def test_anything_else_is_not(header):
    assert KEYS.of(header) is None


def test_a_key_knows_its_user_and_its_rights():
    assert KEYS.of(b"Token token=k2").user == "ada@example.com"
    assert not KEYS.of(b"Token token=look").may_write


def test_the_refusal_is_in_the_accounts_language():
    assert "nicht berechtigt" in KEYS.forbidden


@pytest.mark.parametrize(
    ("full", "look", "language"), [([""], [], "en"), (["a"], ["a"], "en"), (["a"], [], "xx")]
)
def test_wrong_keys_and_languages_are_refused(full, look, language):
    with pytest.raises(SettingError):
        read_keys(full, look, language)
