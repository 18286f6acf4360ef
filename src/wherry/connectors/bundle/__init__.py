"""The export bundle, read as a source: CSV files of known streams, a manifest, documents.

It is our own contract. A source that can be brought into this form, such as an API or a folder of foreign
CSV files, is read here, so that one reader types every cell and decides every fate.
"""

from collections.abc import Mapping
from pathlib import Path

from wherry.connectors.bundle.container import open_container
from wherry.connectors.bundle.overrides import FileOverrides, Overrides
from wherry.connectors.bundle.source import AeronaBundle, Words
from wherry.model.errors import PreflightFailed

__all__ = ["AeronaBundle", "FileOverrides", "Overrides", "open_bundle"]


def open_bundle(
    path: Path,
    *,
    password: str | None = None,
    overrides: Overrides | None = None,
    headers: Mapping[str, Mapping[str, str]] | None = None,
    words: Words | None = None,
    scratch: Path | None = None,
) -> AeronaBundle:
    """Open an export bundle; the caller closes it.

    `headers` are a person's decisions {file: {header: canonical name}}; `words` say what stands for a word of
    a closed list (see Opening); `scratch` is a folder for the unpacked CSV files of a zip, sealed and wiped on close.
    Raises PreflightFailed when the bundle cannot be opened.
    """
    container = open_container(path, password or None, scratch)
    try:
        return AeronaBundle(container, overrides or Overrides(), headers or {}, words or {})
    except PreflightFailed:
        container.close()
        raise
