"""What kind of value a target field takes, in whatever words its catalogue says it."""

from wherry.mapping.proposer.table import TargetField

BY_TYPE: dict[str, frozenset[str]] = {
    "date": frozenset({"date", "datetime"}),
    "datetime": frozenset({"date", "datetime", "time"}),
    "time": frozenset({"time"}),
    "boolean": frozenset({"bool"}),
    "number": frozenset({"integer", "decimal", "money", "percent"}),
    "money": frozenset({"integer", "decimal", "money"}),
    "email": frozenset({"email"}),
    "phone": frozenset({"phone", "mobile", "landline"}),
    "url": frozenset({"url", "path"}),
}
_TYPE_WORDS: dict[str, str] = {
    **dict.fromkeys(("date",), "date"),
    **dict.fromkeys(("datetime", "date_time", "timestamp", "date-time", "date_time_split"), "datetime"),
    **dict.fromkeys(("boolean", "bool", "checkbox", "flag"), "boolean"),
    **dict.fromkeys(("number", "integer", "int", "decimal", "float", "numeric"), "number"),
    **dict.fromkeys(("money", "currency", "amount"), "money"),
    **dict.fromkeys(("email",), "email"),
    **dict.fromkeys(("phone", "telephone", "mobile"), "phone"),
    **dict.fromkeys(("url", "link", "website"), "url"),
}


def type_of(field: TargetField) -> str:
    """Return the field's type in our words, or the empty text for texts and pick lists."""
    return _TYPE_WORDS.get(field.type.casefold().strip(), "")
