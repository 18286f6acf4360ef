"""`python -m second_opinion.main --way plain`: serves one configuration and prints its address."""

import argparse
import json
import socket
from pathlib import Path

import uvicorn

from second_opinion.choices import way
from second_opinion.server import application
from second_opinion.world import World


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--way", default="plain")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--seed-file", type=Path)
    parser.add_argument("--changed", default="{}", help="values of the configuration to change, as JSON")
    asked = parser.parse_args()
    world = World(way(asked.way, **json.loads(asked.changed)), asked.seed_file)
    listener = socket.create_server(("127.0.0.1", asked.port))
    print(f"http://127.0.0.1:{listener.getsockname()[1]}/crm/sales", flush=True)
    server = uvicorn.Server(uvicorn.Config(application(world), log_level="warning"))
    server.run(sockets=[listener])


if __name__ == "__main__":
    main()
