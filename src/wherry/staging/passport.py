"""snapshot.json: everything about a snapshot but its records."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson

from wherry.model.catalog import Catalog, Choice, Field, FieldType, Privacy, Stream
from wherry.model.errors import PreflightFailed
from wherry.model.jsons import Json
from wherry.model.ports import Finding, HeldWord
from wherry.privacy import Sealer

FILE = "snapshot.json"
FORMAT = "wherry-snapshot/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Passport:
    """What a snapshot says of itself."""

    digest: str
    catalog: Catalog
    facts: Mapping[str, Json]
    findings: tuple[Finding, ...]
    counts: Mapping[str, Mapping[str, int]]
    held: tuple[HeldWord, ...] = ()

    def write(self, folder: Path, sealer: Sealer) -> Path:
        """Write it into a folder, sealed; return the file."""
        path = folder / FILE
        body = {
            "format": FORMAT,
            "digest": self.digest,
            "catalog": {"system": self.catalog.system, "streams": [asdict(s) for s in self.catalog.streams]},
            "facts": dict(self.facts),
            "findings": [asdict(finding) for finding in self.findings],
            "counts": {stream: dict(fates) for stream, fates in self.counts.items()},
            "held": [asdict(word) for word in self.held],
        }
        path.write_bytes(sealer.seal(orjson.dumps(body, option=orjson.OPT_INDENT_2), FILE))
        return path


def read_passport(folder: Path, sealer: Sealer) -> Passport:
    """Return what a folder's snapshot says of itself; raises PreflightFailed when there is none with this key.

    One from before snapshots were sealed is read as it lies there.
    """
    try:
        data = (folder / FILE).read_bytes()
        body: dict[str, Any] = orjson.loads(data if is_open(data) else sealer.open(data, FILE))
    except (OSError, orjson.JSONDecodeError) as problem:
        raise _no_snapshot() from problem
    if body.get("format") != FORMAT:
        raise _no_snapshot()
    return Passport(
        digest=body["digest"],
        catalog=Catalog(
            system=body["catalog"]["system"], streams=tuple(_stream(s) for s in body["catalog"]["streams"])
        ),
        facts=body["facts"],
        findings=tuple(Finding(**finding) for finding in body["findings"]),
        counts=body["counts"],
        held=tuple(HeldWord(**{**word, "keys": tuple(word["keys"])}) for word in body.get("held", ())),
    )


def is_open(data: bytes) -> bool:
    """Return whether a document lies there unsealed."""
    return data.startswith(b"{")


def _no_snapshot() -> PreflightFailed:
    return PreflightFailed("there is no staged snapshot that can be read", hint="Run wherry discover.")


def _stream(body: dict[str, Any]) -> Stream:
    return Stream(**(body | {"fields": tuple(_field(field) for field in body["fields"])}))


def _field(body: dict[str, Any]) -> Field:
    return Field(
        **(
            body
            | {
                "type": FieldType(body["type"]),
                "privacy": Privacy(body["privacy"]),
                "choices": tuple(Choice(**choice) for choice in body["choices"]),
            }
        )
    )
