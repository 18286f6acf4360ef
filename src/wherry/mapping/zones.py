"""Names of time zones: what Freshsales calls the zone that the source names by IANA."""

from collections.abc import Mapping
from functools import cache
from importlib import resources

from ruamel.yaml import YAML


@cache
def rails_zones() -> Mapping[str, str]:
    """Return the IANA → Rails table.

    Freshsales knows zones by Rails names only ([L] contact_fields.json of a real tenant: 149 of them).
    """
    text = resources.files("wherry.mapping").joinpath("zones.yaml").read_text(encoding="utf-8")
    return {str(k): str(v) for k, v in YAML(typ="safe", pure=True).load(text).items()}


def rails_zone(iana: str) -> str | None:
    """Return the Rails name of an IANA zone, or None where the table has none."""
    return rails_zones().get(iana.strip())
