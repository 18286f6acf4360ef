"""Record ids as the original hands them out: integers of eleven digits, one account prefix, growing per kind."""

import random
import zlib
from collections import defaultdict

_ACCOUNT_PREFIX = 31_000_000_000
_RANGE = 10_000_000
_RANGES = 99


class Ids:
    """Hands out ids; the same seed and the same order of calls give the same ids."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._taken: defaultdict[str, int] = defaultdict(int)

    def next(self, kind: str) -> int:
        """Give the next id of this kind of record."""
        self._taken[kind] += 1
        return self._start(kind) + self._taken[kind]

    def keep_clear_of(self, kind: str, used: int) -> None:
        """Never hand out ``used`` for this kind; later ids come after it when it lies in the kind's range."""
        offset = used - self._start(kind)
        if 0 < offset < _RANGE:
            self._taken[kind] = max(self._taken[kind], offset)

    def mcr_id(self, record_id: int) -> int:
        """Give the nineteen-digit cross-product id that belongs to a record id."""
        return 1_700_000_000_000_000_000 + record_id * 1_000

    def uuid(self, user_id: int) -> str:
        """Give the eighteen-digit organisation-wide id, as text, that belongs to a user id."""
        return str(576_000_000_000_000_000 + user_id)

    def _start(self, kind: str) -> int:
        place = zlib.crc32(kind.encode()) % _RANGES
        offset = random.Random(f"{self._seed}:{kind}").randrange(1_000, 900_000)
        return _ACCOUNT_PREFIX + place * _RANGE + offset


BEHAVIOURS: tuple[tuple[str, str, str], ...] = (
    ("Ids are integers of about 11 digits under one account prefix; mcr_id has 19 digits", "[L]", "RV, AB"),
)
