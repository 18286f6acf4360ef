"""Run Valentine's COMA (headers only) on tasks from stdin; runs in Valentine's own environment, see versus.py.

One JSON line in for each task: {"source": [headers], "target": [names]}; one out: a list of
[header, name, score], best first. Exits with an error where Valentine is not there.
"""

import json
import sys

import pandas as pd
from valentine import valentine_match
from valentine.algorithms import Coma


def main() -> None:
    for line in sys.stdin:
        task = json.loads(line)
        tables = [pd.DataFrame({name: ["x"] for name in task[side]}) for side in ("source", "target")]
        found = valentine_match(tables, Coma(delta=1.0, threshold=0.0), df_names=["source", "target"])
        rows = [[p.source_column, p.target_column, float(score)] for p, score in found.items()]
        print(json.dumps(sorted(rows, key=lambda row: -row[2])), flush=True)


if __name__ == "__main__":
    main()
