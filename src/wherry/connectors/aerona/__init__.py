"""AeronaClinic as a source: reads an export bundle, a folder or a zip of CSV files."""

from collections.abc import Mapping
from pathlib import Path

from wherry.connectors.aerona.container import open_container
from wherry.connectors.aerona.overrides import FileOverrides, Overrides, overrides_from
from wherry.connectors.aerona.source import AeronaBundle
from wherry.model.errors import PreflightFailed, SettingsInvalid

__all__ = ["AeronaBundle", "FileOverrides", "Overrides", "connector", "open_bundle"]


def open_bundle(
    path: Path,
    *,
    password: str | None = None,
    overrides: Overrides | None = None,
    headers: Mapping[str, Mapping[str, str]] | None = None,
    scratch: Path | None = None,
) -> AeronaBundle:
    """Open an export bundle; the caller closes it.

    `headers` are a person's decisions {file: {header: canonical name}}; `scratch` is a folder for the
    unpacked CSV files of a zip, wiped on close. Raises PreflightFailed when the bundle cannot be opened.
    """
    container = open_container(path, password or None, scratch)
    try:
        return AeronaBundle(container, overrides or Overrides(), headers or {})
    except PreflightFailed:
        container.close()
        raise


def connector(
    settings: Mapping[str, object],
    *,
    password: str | None = None,
    headers: Mapping[str, Mapping[str, str]] | None = None,
    root: Path | None = None,
    scratch: Path | None = None,
) -> AeronaBundle:
    """Return the source that a `[source]` section describes; a relative `bundle` is read against `root`.

    Raises SettingsInvalid and PreflightFailed.
    """
    bundle = settings.get("bundle")
    if not isinstance(bundle, str) or not bundle:
        raise SettingsInvalid(
            "[source] bundle is not set", hint="Name the export's folder or zip in wherry.toml."
        )
    path = (root or Path()) / bundle
    return open_bundle(
        path, password=password, overrides=overrides_from(settings), headers=headers, scratch=scratch
    )
