"""`wherry serve`: not built yet."""

from wherry.entrypoints.cli.unbuilt import unbuilt

command = unbuilt("serve", instead="the verbs of this command line")
