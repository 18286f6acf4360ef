"""`wherry report`: not built yet."""

from wherry.entrypoints.cli.unbuilt import unbuilt

command = unbuilt("report", instead='"wherry status", "wherry reconcile" and the files in reports/')
