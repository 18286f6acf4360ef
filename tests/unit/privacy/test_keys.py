"""The key of a workspace: made once, wrapped by a secret, refused when it is another, destroyed for good."""

import json
import threading
from pathlib import Path

import pytest

from wherry.model.errors import PreflightFailed, SettingsInvalid
from wherry.privacy import DataKey, KeyFile, unwrapped, wrapped


def test_a_key_shows_itself_nowhere() -> None:
    key = DataKey(b"\x07" * 32)
    assert "\\x07" not in repr(key)
    assert key.id not in (b"\x07" * 32).hex()
    assert key.derived("values") != key.derived("marks")


def test_a_wrapped_key_opens_with_its_secret_alone() -> None:
    key = DataKey.new()
    document = wrapped(key, "river-side")
    assert key.written() not in document
    assert unwrapped(document, "river-side") == key
    with pytest.raises(SettingsInvalid, match="not the secret"):
        unwrapped(document, "riverside")
    with pytest.raises(SettingsInvalid, match="not set") as missing:
        unwrapped(document, None)
    assert "WHERRY_STORE__KEY_FILE" in missing.value.hint


def test_a_key_file_is_private_and_made_once(tmp_path: Path) -> None:
    file = KeyFile(tmp_path / "keys")
    assert file.read(None) is None
    found: list[DataKey] = []
    threads = [threading.Thread(target=lambda: found.append(file.make(None))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(found) == 4
    assert set(found) == {file.read(None)}
    assert [path.name for path in file.path.parent.iterdir()] == ["store.key"]
    assert file.path.stat().st_mode & 0o777 == 0o600
    assert file.path.parent.stat().st_mode & 0o777 == 0o700


def test_a_secret_that_is_set_later_wraps_the_key(tmp_path: Path) -> None:
    file = KeyFile(tmp_path / "keys")
    key = file.make(None)
    assert "key" in json.loads(file.path.read_bytes())
    assert file.read("river-side") == key
    assert "key" not in json.loads(file.path.read_bytes())
    assert file.read("river-side") == key
    with pytest.raises(SettingsInvalid, match="not set"):
        file.read(None)


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", '{"format": "wherry-key/1"}', '{"format": "wherry-key/1", "key": "?"}']
)
def test_a_damaged_key_file_is_said_so(tmp_path: Path, text: str) -> None:
    file = KeyFile(tmp_path)
    file.path.write_text(text)
    with pytest.raises(PreflightFailed, match="cannot be read"):
        file.read("secret")


def test_a_destroyed_key_is_gone_with_every_copy_of_it(tmp_path: Path) -> None:
    file = KeyFile(tmp_path / "keys")
    file.make(None)
    before = file.path.read_bytes()
    (tmp_path / "keys" / "store.key.1.new").write_bytes(before)  # left by a process that was killed
    held = file.path.open("rb")
    assert file.destroy()
    with held:
        assert json.loads(before)["key"].encode() not in held.read()
    assert list((tmp_path / "keys").iterdir()) == []
    assert file.destroy() is False
