"""`wherry purge`: not built yet."""

from wherry.entrypoints.cli.unbuilt import unbuilt

command = unbuilt(
    "purge", instead='deleting the folder .wherry of the workspace, after "wherry audit export"'
)
