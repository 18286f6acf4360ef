"""`wherry rehearse`: not built yet."""

from wherry.entrypoints.cli.unbuilt import unbuilt

command = unbuilt("rehearse", instead='"wherry demo", or a workspace whose base_url is a `wherry-emulator`')
