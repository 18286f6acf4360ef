"""Whether the files of a plan fit the account: by file, and by the storage of its users."""

from collections.abc import Mapping
from dataclasses import dataclass

from wherry.model.catalog import Catalog
from wherry.model.errors import PreflightFailed
from wherry.model.jsons import Json
from wherry.planning.budget import FILES
from wherry.planning.dryrun import Tally

GIGABYTE = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """What the files of a plan need, all in bytes, and what there is: a figure for each active user [D].

    Whether users share their storage is not documented [?]. More than all of them have cannot fit; more
    than one of them has may not, since all uploads are made by the user whose key it is.
    """

    files: int
    bytes: int
    largest: int
    per_user: int
    users: int

    @property
    def room(self) -> int:
        """Return what all users have together."""
        return self.per_user * self.users

    @property
    def fits(self) -> bool:
        """Return whether the files can fit at all; what is stored there already is shown by no call."""
        return self.bytes <= self.room

    @property
    def sentence(self) -> str:
        """Return the one line that a person reads."""
        size = f"{self.files:,} files of {self.bytes:,} bytes together, the largest {self.largest:,}"
        return f"{size}; {self.users:,} users have storage for {self.room:,}"

    def as_json(self) -> dict[str, Json]:
        """Return the figures as a plan keeps them."""
        return {
            "files": self.files,
            "bytes": self.bytes,
            "largest": self.largest,
            "per_user": self.per_user,
            "users": self.users,
            "fits": self.fits,
        }


def storage_of(tally: Tally, catalog: Catalog) -> Storage:
    """Return what the files that a dry run counted need, locked ones included, and what this account has."""
    lines = [line for (_, destination), line in tally.writes.items() if destination == FILES]
    return Storage(
        files=sum(line.writes for line in lines),
        bytes=sum(line.bytes for line in lines),
        largest=max((line.largest for line in lines), default=0),
        per_user=_per_user(catalog),
        users=_users(catalog),
    )


def storage_now(planned: Mapping[str, int], catalog: Catalog) -> Storage:
    """Return the figures of a plan against the account as it is now."""
    return Storage(
        files=planned.get("files", 0),
        bytes=planned.get("bytes", 0),
        largest=planned.get("largest", 0),
        per_user=_per_user(catalog),
        users=_users(catalog),
    )


def warnings(storage: Storage) -> list[str]:
    """Return what a person should know about storage before approving."""
    if not storage.files:
        return []
    if not storage.fits:
        return [f"{storage.sentence}: they do not fit, so no run starts with the class documents open"]
    if storage.bytes > storage.per_user:
        rest = f"the API key's user, who uploads all of them, has {storage.per_user:,}"
        return [f"{storage.sentence}: they fit only if users share it; {rest}"]
    return []


def require_room(storage: Storage) -> None:
    """Raise PreflightFailed with the remedy where the files cannot fit."""
    if storage.files and not storage.fits:
        raise PreflightFailed(
            f"the documents do not fit the account's storage: {storage.sentence}",
            hint="a higher plan or more storage there (then set [destination] storage_mb_per_user), fewer "
            "documents, or a plan without the class documents opened",
        )


def _per_user(catalog: Catalog) -> int:
    return catalog.limits.get("storage_mb_per_user", 0) * GIGABYTE // 1024


def _users(catalog: Catalog) -> int:
    return sum(person.active for person in catalog.people)
