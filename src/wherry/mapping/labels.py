"""Custom fields are known by their label; labels are compared without case, spaces, underscores and `__c`."""

import re

CUSTOM = "custom:"
MODULE = "module:"
MODULE_STREAM = "cm_"
FACT = "fact:"  # what staging found out about a record, where a link stands on that
PAYLOAD_PREFIX = "custom_field."
_IGNORED = re.compile(r"[\s_]+")
_NOT_NAME = re.compile(r"[^a-z0-9]+")


def normal_label(label: str) -> str:
    """Return the form under which two spellings of one label are equal."""
    return _IGNORED.sub("", label.casefold().strip().removesuffix("__c"))


def custom_label(to: str) -> str | None:
    """Return the label that `custom:<Label>` names, or None for a standard field."""
    return to.removeprefix(CUSTOM).strip() if to.startswith(CUSTOM) else None


def place_of(stream: str, name: str) -> tuple[str, str]:
    """Return stream and field that a rule's source names: its own stream's, or `other_stream.field`."""
    other, dot, field = name.partition(".")
    return (other, field) if dot and not name.startswith(CUSTOM) else (stream, name)


def module_stream(label: str) -> str:
    """Return the name of the custom module that is made under this label: `cm_` and the label as a slug.

    A module that is there already under the label keeps the name that it has.
    """
    return MODULE_STREAM + _NOT_NAME.sub("_", label.casefold()).strip("_")


def predicted_name(label: str) -> str:
    """Return the API name that Freshsales is expected to give a custom field of this label.

    Only a forecast, for plans made before the field exists: [C], after the names seen in public client
    code. What decides in a run is the catalog read back after the field was created.
    """
    return "cf_" + _NOT_NAME.sub("_", label.casefold()).strip("_")
