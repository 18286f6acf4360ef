"""Write the synthetic clinic's export bundle: `python examples/clinic/generate.py --out DIR`."""

import argparse
import sys
from pathlib import Path

from clinicgen.clinic import Order, make_clinic
from clinicgen.packing import METHODS


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="folder to write into; made if missing"
    )
    parser.add_argument(
        "--patients",
        type=int,
        default=300,
        metavar="N",
        help="rows of patients.csv, at least 120; with --dirty a few more",
    )
    parser.add_argument(
        "--big", type=int, default=0, metavar="RECORDS", help="as many patients as give so many records"
    )
    parser.add_argument("--seed", type=int, default=7)
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--dirty", action="store_true", help="with every fault a careful reader finds")
    kind.add_argument("--clean", dest="dirty", action="store_false", help="nothing is rejected (the default)")
    parser.add_argument(
        "--zip", metavar="PASSWORD", help="also pack clinic.zip; an empty password means none"
    )
    parser.add_argument(
        "--later", action="store_true", help="with --zip: also later.zip, the export two days on"
    )
    parser.add_argument("--zip-method", choices=METHODS, default="zipcrypto")
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Make the clinic and say what was written; exit 2 on a request that cannot be met."""
    parser = _parser()
    asked = parser.parse_args(arguments)
    try:
        order = Order(
            out=asked.out,
            patients=asked.patients,
            records=asked.big,
            seed=asked.seed,
            dirty=asked.dirty,
            password=asked.zip,
            zip_method=asked.zip_method,
            later=asked.later,
        )
    except ValueError as problem:
        parser.error(str(problem))
    expected = make_clinic(order)
    counts = expected["counts"]
    total = sum(states["read"] for states in counts.values())
    print(f"{total} records, {counts['patients']['read']} patients, in {order.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
