import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from pyzipper import zipfile_aes

from wherry.connectors.aerona import AeronaBundle
from wherry.connectors.bundle.container import is_safe, open_container
from wherry.model.errors import PreflightFailed
from wherry.staging import stage

PATIENTS = "patientId,lastName\n1,Ashworth\n2,Brook\n"
SECRET = "corr3ct horse"


def pack(folder: Path, archive: Path, *, password: str = "", top: str = "") -> Path:
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    if password:
        with zipfile_aes.AESZipFile(archive, "w", encryption=zipfile_aes.WZ_AES) as sink:
            sink.setpassword(password.encode())
            for path in files:
                sink.writestr(top + path.relative_to(folder).as_posix(), path.read_bytes())
    else:
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as sink:
            for path in files:
                sink.write(path, top + path.relative_to(folder).as_posix())
    return archive


def refused(path: Path, tmp_path: Path, opened: Callable[..., AeronaBundle], **options: object) -> str:
    """Stage what is broken; return the message of the one clear error, having seen that nothing is left."""
    snapshots = tmp_path / "snapshots"
    with pytest.raises(PreflightFailed) as error:
        stage(opened(path, **options), snapshots)
    assert error.value.exit_code == 3
    assert error.value.hint
    assert not snapshots.exists() or list(snapshots.iterdir()) == []
    return error.value.message


@pytest.mark.parametrize("top", ["", "riverside export/"])
def test_zip_reads_as_the_folder_does(write_bundle, opened, tmp_path, top):
    folder = write_bundle({"patients.csv": PATIENTS})
    archive = pack(folder, tmp_path / "export.zip", top=top)
    expected = list(opened(folder).extract("patients"))
    assert list(opened(archive).extract("patients")) == expected
    assert len(expected) == 2


def test_aes_zip_opens_with_its_password(write_bundle, opened, tmp_path):
    archive = pack(write_bundle({"patients.csv": PATIENTS}), tmp_path / "export.zip", password=SECRET)
    assert [r.staged.key.id for r in opened(archive, password=SECRET).extract("patients")] == ["1", "2"]


@pytest.mark.parametrize("kind", ["zipcrypto", "aes"])
def test_wrong_and_missing_password_are_named_and_never_shown(
    write_bundle, opened, tmp_path, kind, zipcrypto
):
    folder = write_bundle({"patients.csv": PATIENTS})
    archive = tmp_path / "export.zip"
    if kind == "aes":
        pack(folder, archive, password=SECRET)
    else:
        zipcrypto(folder, archive, SECRET)
    message = refused(archive, tmp_path, opened, password="guess-17")
    assert "export.zip" in message
    assert "password is wrong" in message
    assert "guess-17" not in message
    assert "none was given" in refused(archive, tmp_path, opened)
    assert [r.staged.key.id for r in opened(archive, password=SECRET).extract("patients")] == ["1", "2"]


def test_torn_zip_is_named(write_bundle, opened, tmp_path):
    archive = pack(write_bundle({"patients.csv": PATIENTS}), tmp_path / "export.zip")
    archive.write_bytes(archive.read_bytes()[:-40])
    assert "export.zip" in refused(archive, tmp_path, opened)


@pytest.mark.parametrize("password", ["", SECRET])
def test_a_damaged_member_is_named(write_bundle, opened, tmp_path, password):
    rows = "".join(f"{n},Name{n * 7919}\n" for n in range(1, 400))
    folder = write_bundle({"patients.csv": "patientId,lastName\n" + rows})
    archive = pack(folder, tmp_path / "export.zip", password=password)
    data = bytearray(archive.read_bytes())
    with zipfile_aes.AESZipFile(io.BytesIO(bytes(data))) as whole:
        info = whole.getinfo("patients.csv")
        at = info.header_offset + 30 + len("patients.csv") + info.compress_size // 2
    data[at : at + 8] = bytes(8 * [0x5A])
    archive.write_bytes(bytes(data))
    message = refused(archive, tmp_path, opened, password=password)
    assert "patients.csv is damaged" in message


def test_no_bundle_and_no_manifest(opened, tmp_path):
    assert "nothing.zip" in refused(tmp_path / "nothing.zip", tmp_path, opened)
    (tmp_path / "empty").mkdir()
    assert "manifest.json" in refused(tmp_path / "empty", tmp_path, opened)


def test_entries_that_lead_outside_are_left_out_and_reported(write_bundle, opened, tmp_path):
    folder = write_bundle({"patients.csv": PATIENTS})
    archive = pack(folder, tmp_path / "export.zip")
    with zipfile.ZipFile(archive, "a") as sink:
        sink.writestr("../../outside.txt", "no")
        sink.writestr("documents/../../also.txt", "no")
    bundle = opened(archive)
    assert len(list(bundle.extract("patients"))) == 2
    assert [f.count for f in bundle.findings() if f.code == "unsafe_entry"] == [2]
    assert not (tmp_path.parent / "outside.txt").exists()


def test_a_link_out_of_the_folder_is_left_out(write_bundle, opened, tmp_path):
    (tmp_path / "secret.txt").write_text("elsewhere")
    folder = write_bundle({"patients.csv": PATIENTS})
    (folder / "documents").mkdir()
    (folder / "documents" / "link.txt").symlink_to(tmp_path / "secret.txt")
    with pytest.raises(PreflightFailed), opened(folder).open_document("documents/link.txt"):
        pass


def test_a_name_that_stands_twice_is_refused(write_bundle, opened, tmp_path):
    archive = pack(write_bundle({"patients.csv": PATIENTS}), tmp_path / "export.zip")
    with pytest.warns(UserWarning, match="Duplicate name"), zipfile.ZipFile(archive, "a") as sink:
        sink.writestr("patients.csv", "patientId,lastName\n")
    assert "patients.csv" in refused(archive, tmp_path, opened)


def test_scratch_is_wiped_on_close(write_bundle, opened, tmp_path):
    archive = pack(write_bundle({"patients.csv": PATIENTS}), tmp_path / "export.zip")
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    bundle = opened(archive, scratch=scratch)
    assert len(list(bundle.extract("patients"))) == 2
    unpacked = b"".join(path.read_bytes() for path in scratch.rglob("*") if path.is_file())
    assert len(unpacked) > len(PATIENTS)
    assert b"Brook" not in unpacked  # what a killed process leaves there can be read by nobody
    bundle.close()
    assert list(scratch.iterdir()) == []


def test_documents_stream_in_blocks(write_bundle, tmp_path):
    content = bytes(range(256)) * 9000
    folder = write_bundle({"patients.csv": PATIENTS}, extra={"documents/a.bin": content})
    for path in (folder, pack(folder, tmp_path / "export.zip")):
        container = open_container(path, None)
        blocks = list(container.blocks("documents/a.bin"))
        container.close()
        assert b"".join(blocks) == content
        assert max(map(len, blocks)) <= 1 << 20


@pytest.mark.parametrize(
    "name", ["../x", "/x", "a/../../x", "a\\..\\x", "C:/x", "", "documents/../manifest.json"]
)
def test_unsafe_names(name):
    assert not is_safe(name)


def test_missing_listed_file_and_wrong_counts(write_bundle, opened, tmp_path):
    folder = write_bundle({"patients.csv": PATIENTS, "recalls.csv": "recallId,patientId\n"})
    (folder / "recalls.csv").unlink()
    assert "recalls.csv" in refused(folder, tmp_path, opened)
    folder = write_bundle({"patients.csv": PATIENTS}, entries={"patients.csv": {"rows": 3}})
    message = refused(folder, tmp_path, opened)
    assert message.startswith("patients.csv holds 2 records")
    assert "3" in message


def test_bad_checksum(write_bundle, opened, tmp_path):
    folder = write_bundle({"patients.csv": PATIENTS})
    (folder / "patients.csv").write_text(PATIENTS.replace("Brook", "Brooke"))
    message = refused(folder, tmp_path, opened)
    assert "patients.csv: its checksum" in message
    assert "Brook" not in message


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ('patientId,lastName\n1,Ashworth\n2,"Brook\n3,Cole\n', 3),
        ('patientId,lastName\n1,"Ash"worth\n2,Brook\n', 2),
        ('patientId,lastName,town\n1,"two\nlines","open\n2,Brook,\n', 3),
        (b"patientId,lastName\n1,Ash\x00worth\n", 2),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n", 1),
        (b"patientId,lastName\n1,Ash\n2,\x81\xe9\x9d\n", 3),
    ],
    ids=["unbalanced", "half-quoted", "second-cell", "nul", "lfs", "bytes"],
)
def test_spoilt_text_is_refused_with_its_line(write_bundle, opened, tmp_path, content, line):
    message = refused(write_bundle({"patients.csv": content}), tmp_path, opened)
    assert f"patients.csv, line {line}:" in message
    assert "Ash" not in message


def test_manifest_names_the_wrong_key(write_bundle, opened, tmp_path):
    folder = write_bundle({"patients.csv": PATIENTS}, tz="Mars/Olympus", some_new_key={"x": 1})
    assert "tz" in refused(folder, tmp_path, opened)
    body = json.loads((folder / "manifest.json").read_text()) | {"tz": "Europe/London"}
    body["files"][0]["sha256"] = "short"
    (folder / "manifest.json").write_text(json.dumps(body))
    assert "files.0.sha256" in refused(folder, tmp_path, opened)
    (folder / "manifest.json").write_text("{")
    assert "manifest.json" in refused(folder, tmp_path, opened)
