"""Memory and time of staging, planning and loading a big clinic: `python benchmarks/scale.py --records 2000000`.

The load goes through engine, mapping and ledger to a destination that only says yes: see dry_load.py.

Each verb is a process of its own; its peak is what the operating system counted for it. Ends with 1 when
a peak is over the limit.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
CLINIC = ROOT / "examples" / "clinic"
BIN = Path(sys.executable).parent
DRY_LOAD = Path(__file__).with_name("dry_load.py")
SETTINGS = """\
[source]
bundle = "{bundle}"
[destination]
base_url = "{url}"
plan = "enterprise"
[policy]
fallback_owner = "ops@riverside.example.com"
"""


def measured(name: str, *command: str) -> dict[str, Any]:
    """Run a command and give its seconds and its peak in MiB."""
    began = time.monotonic()
    environment = {**os.environ, "WHERRY_DESTINATION__API_KEY": "emulator-key"}
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env=environment)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            output.seek(0)
            raise SystemExit(f"{name} ended with {process.returncode}: {output.read().decode()[-2000:]}")
        output.seek(0)
        said = output.read().decode().strip().splitlines()
    line = {
        "step": name,
        "seconds": round(time.monotonic() - began, 1),
        "peak_mib": round(usage.ru_maxrss / 1024),
    }
    if name == "load":
        line |= json.loads(said[-1])
    print(json.dumps(line), flush=True)
    return line


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=2_000_000)
    parser.add_argument("--limit", type=int, default=1024, metavar="MIB")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="wherry-scale-") as folder:
        work = Path(folder)
        measured(
            "generate",
            sys.executable,
            str(CLINIC / "generate.py"),
            "--out",
            folder,
            "--big",
            str(asked.records),
        )
        emulator = subprocess.Popen(
            [str(BIN / "wherry-emulator"), "freshsales", "--seed-file", str(CLINIC / "seed-destination.json"),
             "--switch", "rate.limit_min=100000"],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        try:
            assert emulator.stdout is not None
            url = emulator.stdout.readline().split()[1]
            verb = (str(BIN / "wherry"), "-C", str(work / "ws"), "--quiet")
            subprocess.run(
                [str(BIN / "wherry"), "init", str(work / "ws")], check=True, stdout=subprocess.DEVNULL
            )
            (work / "ws" / "wherry.toml").write_text(SETTINGS.format(bundle=work / "bundle", url=url))
            lines = [measured(name, *verb, name) for name in ("discover", "propose", "plan")]
            digest = json.loads((work / "ws" / ".wherry" / "plan.json").read_bytes())["digest"]
            measured("approve", *verb, "approve", digest, "--by", "Bench", "--for", "prepare")
            measured("prepare", *verb, "prepare")
            lines.append(measured("load", sys.executable, str(DRY_LOAD), str(work / "ws")))
        finally:
            emulator.terminate()
            emulator.wait(20)
    return int(any(line["peak_mib"] > asked.limit for line in lines))


if __name__ == "__main__":
    sys.exit(main())
