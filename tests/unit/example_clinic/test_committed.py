"""The files kept beside the generator are what it makes."""

import json

import pytest
import pyzipper

PASSWORD = "riverside-demo"


@pytest.fixture(scope="module")
def fresh(make):
    return make(patients=300)


def test_archive_is_small_and_holds_what_the_generator_makes(fresh, clinic_folder):
    archive = clinic_folder / "clinic.zip"
    assert archive.stat().st_size < 1_500_000
    made = {
        p.relative_to(fresh.bundle).as_posix(): p.read_bytes() for p in fresh.bundle.rglob("*") if p.is_file()
    }
    with pyzipper.AESZipFile(archive) as opened:
        with pytest.raises(RuntimeError, match="password required"):
            opened.read("manifest.json")
        opened.setpassword(PASSWORD.encode())
        assert sorted(opened.namelist()) == sorted(made)
        assert [name for name in made if opened.read(name) != made[name]] == []


@pytest.mark.parametrize("name", ["clinic.zip", "later.zip"])
def test_the_demo_s_two_exports_are_what_the_generator_makes(make, clinic_folder, name):
    fresh = make(patients=160, password=PASSWORD, later=True)
    kept, made = (
        pyzipper.AESZipFile(archive) for archive in (clinic_folder / "small" / name, fresh.out / name)
    )
    with kept, made:
        kept.setpassword(PASSWORD.encode())
        made.setpassword(PASSWORD.encode())
        assert sorted(kept.namelist()) == sorted(made.namelist())
        assert [one for one in made.namelist() if kept.read(one) != made.read(one)] == []


@pytest.mark.parametrize("name", ["expected.json", "seed-destination.json"])
def test_companions_are_what_the_generator_makes(fresh, clinic_folder, name):
    kept = json.loads((clinic_folder / name).read_text(encoding="utf-8"))
    assert kept == json.loads((fresh.out / name).read_text(encoding="utf-8"))


def test_readme_names_the_password_and_every_case(fresh, make, clinic_folder):
    text = (clinic_folder / "README.md").read_text(encoding="utf-8")
    assert PASSWORD in text
    cases = fresh.expected["cases"] | make(dirty=True).expected["cases"]
    assert [name for name in cases if f"`{name}`" not in text] == []
