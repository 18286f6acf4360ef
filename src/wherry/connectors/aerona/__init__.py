"""AeronaClinic as a source: an export bundle (a folder or a zip of CSV files), or its API."""

from collections.abc import Mapping
from pathlib import Path

from wherry.connectors.aerona.api_profile import read_profile
from wherry.connectors.aerona.api_session import Access
from wherry.connectors.aerona.api_source import open_api
from wherry.connectors.aerona.container import open_container
from wherry.connectors.aerona.overrides import FileOverrides, Overrides, overrides_from
from wherry.connectors.aerona.source import AeronaBundle
from wherry.model.errors import PreflightFailed, SettingsInvalid
from wherry.model.opening import Opening, OpenSource

__all__ = ["AeronaBundle", "FileOverrides", "Overrides", "connector", "open_bundle"]

SPOOL = "aerona-api"  # folder of what was read of the API


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


def connector(opening: Opening) -> OpenSource:
    """Return the source that a `[source]` section describes: an export where it names one, else the API.

    Raises SettingsInvalid and PreflightFailed.
    """
    settings = opening.settings
    overrides = overrides_from(settings)
    base_url, bundle = settings.get("base_url"), settings.get("bundle")
    if isinstance(base_url, str) and base_url:
        profile = read_profile(str(settings.get("profile") or ""), opening.root)
        access = Access(
            base_url=base_url, secret=opening.secret, folder=opening.state / SPOOL, clock=opening.clock
        )
        return open_api(access, profile, overrides, opening.headers)
    if not isinstance(bundle, str) or not bundle:
        raise SettingsInvalid(
            "[source] bundle is not set", hint="Name the export's folder or zip in wherry.toml."
        )
    return open_bundle(
        opening.root / bundle,
        password=opening.secret("password"),
        overrides=overrides,
        headers=opening.headers,
        scratch=opening.state,
    )
