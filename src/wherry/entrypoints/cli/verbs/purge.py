"""`wherry purge`: not built yet."""

from wherry.entrypoints.cli.unbuilt import unbuilt

command = unbuilt("purge", instead='rm -r .wherry in the workspace, after "wherry audit export"')
