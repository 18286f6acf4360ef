"""Contents of files: kept once, by checksum, in a directory that is given or temporary."""

import asyncio
import gc
import hashlib
import io
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

from wherry_emulators.freshsales.bodies import new_body, read_into
from wherry_emulators.freshsales.files import Files


def test_a_content_is_kept_found_and_dropped(tmp_path):
    files = Files(tmp_path / "kept")
    arrived = files.take(io.BytesIO(b"abc"))
    assert (arrived.size, arrived.sha256) == (3, hashlib.sha256(b"abc").hexdigest())
    assert files.path(arrived.sha256) is None
    files.keep(arrived)
    assert files.path(arrived.sha256).read_bytes() == b"abc"
    files.drop(arrived.sha256)
    files.drop(arrived.sha256)
    assert files.path(arrived.sha256) is None
    assert list((tmp_path / "kept").iterdir()) == []


def test_a_refused_content_leaves_nothing_and_neither_does_an_interrupted_one(tmp_path):
    files = Files(tmp_path)
    files.refuse(files.take(io.BytesIO(b"abc")))
    assert list(tmp_path.iterdir()) == []
    files.take(io.BytesIO(b"abc"))
    assert len(list(tmp_path.iterdir())) == 1
    Files(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_temporary_directory_goes_with_its_owner():
    files = Files()
    arrived = files.take(io.BytesIO(b"abc"))
    folder = arrived.path.parent
    del files
    gc.collect()
    assert not folder.exists()


def test_contents_that_arrive_side_by_side_lie_in_one_directory(monkeypatch):
    made = tempfile.mkdtemp

    def slowly(**how):
        time.sleep(0.05)
        return made(**how)

    monkeypatch.setattr(tempfile, "mkdtemp", slowly)
    files = Files()
    with ThreadPoolExecutor(4) as threads:
        contents = list(threads.map(lambda n: files.take(io.BytesIO(b"%d" % n)), range(4)))
    for arrived in contents:
        files.keep(arrived)
    assert all(files.path(arrived.sha256) for arrived in contents)


async def _messages(chunks, *, whole=True):
    for place, chunk in enumerate(chunks, 1):
        yield {"type": "http.request", "body": chunk, "more_body": place < len(chunks) or not whole}
    yield {"type": "http.disconnect"}


async def _read(chunks, most, *, whole=True):
    scope = {"headers": [(b"content-type", b"multipart/form-data; boundary=x")]}
    with new_body(scope) as body:
        await read_into(body, _messages(chunks, whole=whole).__anext__, most)
        kept, receive, more = b"", body.replay(), not body.is_too_long
        while more:
            message = await receive()
            kept += message["body"]
            more = message["more_body"]
        return body, kept


def run(coroutine):
    return asyncio.run(coroutine)


def test_an_upload_is_replayed_in_pieces_as_it_came():
    chunks = [bytes([number]) * 70_000 for number in range(40)]
    body, kept = run(_read(chunks, 3_000_000))
    assert kept == b"".join(chunks)
    assert (body.is_broken, body.is_too_long, body.size) == (False, False, 2_800_000)


def test_what_is_too_long_is_counted_but_not_kept_and_what_broke_off_is_known():
    body, _ = run(_read([b"12345678"] * 3, 20))
    assert (body.is_too_long, body.size) == (True, 24)
    body, kept = run(_read([b"12345678"], 20, whole=False))
    assert (body.is_broken, kept) == (True, b"12345678")
