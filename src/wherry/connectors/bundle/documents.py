"""Whether a document is there, below `documents/`, with the bytes that its record speaks of."""

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as part

from wherry.connectors.bundle.container import Container, is_safe, sha256_of_file
from wherry.model.record import Value

FOLDER = "documents/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why a record cannot move: reason code, field, and a sentence without a value."""

    reason: str
    field: str
    detail: str
    word: str = part(default="", repr=False)  # that a closed list does not know


def is_document(container: Container, ref: str) -> bool:
    """Return whether a reference names a file that lies below the bundle's documents folder."""
    return is_safe(ref) and ref.startswith(FOLDER) and ref in container.names()


def check_document(container: Container, values: Mapping[str, Value]) -> Problem | None:
    """Return what is wrong with a document, or None; reads the whole file once."""
    ref = values.get("ref")
    if not isinstance(ref, str):
        return Problem(reason="missing_file", field="ref", detail="ref is empty: the record names no file")
    if not is_safe(ref) or not ref.startswith(FOLDER):
        return Problem(reason="unsafe_path", field="ref", detail="ref leads outside of documents/")
    if ref not in container.names():
        return Problem(reason="missing_file", field="ref", detail="the file is not in the bundle")
    return _altered(container, ref, values)


def _altered(container: Container, ref: str, values: Mapping[str, Value]) -> Problem | None:
    size = values.get("bytes")
    if container.size(ref) == 0:
        return Problem(reason="empty_file", field="ref", detail="the file in the bundle holds nothing")
    if isinstance(size, int) and size != container.size(ref):
        return Problem(reason="checksum_mismatch", field="bytes", detail="the file has another size")
    expected = values.get("sha256")
    if isinstance(expected, str) and expected.lower() != sha256_of_file(container, ref):
        return Problem(reason="checksum_mismatch", field="sha256", detail="the file has other bytes")
    return None
