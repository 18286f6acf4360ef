"""Whether files fit: by all users together, by the one who uploads, and not at all."""

import pytest

from wherry.model.catalog import Catalog, Person
from wherry.model.errors import PreflightFailed
from wherry.planning.dryrun import Tally, Writes
from wherry.planning.storage import GIGABYTE, require_room, storage_now, storage_of, warnings


def catalog(users: int = 3, mb: int = 2048) -> Catalog:
    people = tuple(Person(id=n, name="", email="", active=n < users) for n in range(5))
    return Catalog(system="x", streams=(), people=people, limits={"storage_mb_per_user": mb})


def tally(size: int) -> Tally:
    return Tally(writes={("documents", "documents"): Writes(records=2, writes=2, bytes=size, largest=size)})


@pytest.mark.parametrize(
    ("size", "fits", "said"),
    [(2 * GIGABYTE, True, 0), (2 * GIGABYTE + 1, True, 1), (6 * GIGABYTE, True, 1), (6 * GIGABYTE + 1, False, 1)],
)  # fmt: skip
def test_room(size: int, fits: bool, said: int) -> None:
    found = storage_of(tally(size), catalog())
    assert (found.files, found.users, found.fits, len(warnings(found))) == (2, 3, fits, said)
    again = storage_now(
        {name: value for name, value in found.as_json().items() if isinstance(value, int)}, catalog()
    )
    assert again == found
    if fits:
        require_room(found)
    else:
        with pytest.raises(PreflightFailed) as refused:
            require_room(found)
        assert refused.value.exit_code == 3
        assert "storage_mb_per_user" in refused.value.hint


def test_without_files_nothing_has_to_fit() -> None:
    found = storage_of(Tally(), catalog(mb=0))
    assert warnings(found) == []
    require_room(found)
