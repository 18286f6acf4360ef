"""`wherry worker`: not built yet."""

from wherry.entrypoints.cli.unbuilt import unbuilt

command = unbuilt("worker", instead='"wherry load" with more [engine] workers')
