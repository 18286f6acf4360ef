"""`python -m wherry`: the same as the command `wherry`."""

from wherry.entrypoints.cli.main import main

if __name__ == "__main__":
    main()
