"""A folder of CSV files with any names and any headers, as a source."""

from wherry.connectors.bundle.overrides import overrides_from
from wherry.connectors.folder.source import CsvFolder
from wherry.model.errors import SettingsInvalid
from wherry.model.opening import Opening, OpenSource

__all__ = ["CsvFolder", "connector"]


def connector(opening: Opening) -> OpenSource:
    """Return the source that a `[source]` section with connector = "csv" describes. Raises SettingsInvalid."""
    bundle = opening.settings.get("bundle")
    if not isinstance(bundle, str) or not bundle:
        raise SettingsInvalid(
            '[source] bundle is not set, and connector = "csv" reads a folder',
            hint="Name the folder of the CSV files in wherry.toml.",
        )
    overrides = overrides_from(opening.settings)
    return CsvFolder(opening.root / bundle, opening.root, opening.state, overrides, opening.words)
