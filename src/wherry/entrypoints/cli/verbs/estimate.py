"""`wherry estimate`: not built yet."""

from wherry.entrypoints.cli.unbuilt import unbuilt

command = unbuilt("estimate", instead='"wherry plan", which counts calls and hours by object')
