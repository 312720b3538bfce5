"""`python -m bench [--quick] [NAME…]`: measure, print one table; 1 if a limit is exceeded."""

from __future__ import annotations

import argparse
import sys

from bench import (
    added,
    ansible_tasks,
    counting,
    forward,
    forward_end,
    gigabyte,
    million,
    pyinfra_ops,
    python_api,
    redact,
    render,
    scrape,
    send,
    shell_steps,
    start,
)
from bench.place import open_place
from bench.table import lines

MEASUREMENTS = {
    "start": start.measure,
    "added": added.measure,
    "steps": shell_steps.measure,
    "pyinfra": pyinfra_ops.measure,
    "ansible": ansible_tasks.measure,
    "python": python_api.measure,
    "gigabyte": gigabyte.measure,
    "million": million.measure,
    "redact": redact.measure,
    "render": render.measure,
    "send": send.measure,
    "forward": forward.measure,
    "end": forward_end.measure,
    "scrape": scrape.measure,
    "counting": counting.measure,
}


def main() -> int:
    """Measure what was asked for, all by default."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(MEASUREMENTS))
    parser.add_argument("--quick", action="store_true", help="fewer rounds, smaller inputs")
    options = parser.parse_args()
    if unknown := set(options.names) - MEASUREMENTS.keys():
        parser.error(f"no such measurement: {', '.join(sorted(unknown))}")
    rows = []
    with open_place() as place:
        for name in options.names or MEASUREMENTS:
            print(f"measuring {name} …", file=sys.stderr)
            rows += MEASUREMENTS[name](place, quick=options.quick)
    print("\n".join(lines(rows)))
    return 1 if any(row.is_over or row.note for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
