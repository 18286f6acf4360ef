"""The order of ids, made sortable: numbers by size, then everything else by byte."""


def rank(id_: str) -> str:
    """Return a text that sorts where the id belongs; two ids never share one.

    Numbers come first, by size ("9" before "10"); "007" stands right after "7".
    """
    if not (id_.isascii() and id_.isdigit()):
        return f"~{id_}"
    digits = id_.lstrip("0") or "0"
    return f"{len(digits):04d}{digits}" + ("" if digits == id_ else f"/{id_}")
