"""`wherry delta`: not built yet."""

from wherry.entrypoints.cli.unbuilt import unbuilt

command = unbuilt(
    "delta", instead='"wherry discover" and "wherry plan" again, then "wherry load": it writes what changed'
)
