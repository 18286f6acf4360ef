"""AeronaClinic as a source: an export bundle (a folder or a zip of CSV files), or its API."""

from wherry.connectors.aerona.api_profile import read_profile
from wherry.connectors.aerona.api_session import Access
from wherry.connectors.aerona.api_source import open_api
from wherry.connectors.bundle import AeronaBundle, FileOverrides, Overrides, open_bundle
from wherry.connectors.bundle.overrides import overrides_from
from wherry.model.errors import SettingsInvalid
from wherry.model.opening import Opening, OpenSource

__all__ = ["AeronaBundle", "FileOverrides", "Overrides", "connector", "open_bundle"]

SPOOL = "aerona-api"  # folder of what was read of the API


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
            base_url=base_url,
            secret=opening.secret,
            folder=opening.state / SPOOL,
            clock=opening.clock,
            sealer=opening.sealer,
        )
        return open_api(access, profile, overrides, (opening.headers, opening.words))
    if not isinstance(bundle, str) or not bundle:
        raise SettingsInvalid(
            "[source] bundle is not set", hint="Name the export's folder or zip in wherry.toml."
        )
    return open_bundle(
        opening.root / bundle,
        password=opening.secret("password"),
        overrides=overrides,
        headers=opening.headers,
        words=opening.words,
        scratch=opening.state,
    )
