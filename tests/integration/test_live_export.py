"""The emulator's export is what its API shows: asked for, polled, downloaded, opened with the password."""

import json
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from live_source import live_clinic
from wherry.connectors.aerona import open_bundle
from wherry.model.errors import PreflightFailed
from wherry.staging import stage


def test_it_is_asked_for_polled_and_opened(few: Path, tmp_path: Path) -> None:
    with live_clinic(few, scale=1) as there:
        token = ""

        def call(path: str, body: object = None) -> tuple[int, bytes]:
            data = None if body is None else json.dumps(body).encode()
            request = urllib.request.Request(f"{there.url}/{path}", data=data)
            request.add_header("AERONA-AUTH-TOKEN", token)
            try:
                with urllib.request.urlopen(request, timeout=20) as reply:
                    return reply.status, reply.headers.get("AERONA-AUTH-TOKEN", "").encode() or reply.read()
            except urllib.error.HTTPError as refused:
                with refused:
                    return refused.code, refused.read()

        token = call("login", {"username": "emulator", "password": "emulator"})[1].decode()
        assert call("exports", {})[0] == 400
        assert call("exports", {"password": "a secret"}) == (202, b'{"exportId":1,"status":"pending"}')
        assert call("exports/1/content")[0] == 404
        there.admin("clock", {"seconds": 601})
        assert json.loads(call("exports/1")[1])["status"] == "ready"
        assert call("exports/2")[0] == 404
        (tmp_path / "export.zip").write_bytes(call("exports/1/content")[1])
    with open_bundle(few) as bundle:
        expected = stage(bundle, tmp_path / "snapshots").digest
    with open_bundle(tmp_path / "export.zip", password="a secret") as bundle:
        assert stage(bundle, tmp_path / "snapshots").digest == expected
    with pytest.raises(PreflightFailed, match="password"):
        open_bundle(tmp_path / "export.zip", password="a guess")
