"""The table of scenarios: ``python -m tests.scenarios``.

Every scenario by name × (engine alive, hung, dead) × the seven oracles, judged on the broker's side, written into
``campaign.json``. ``ONLY=word`` takes the scenarios whose name or family holds a word, ``WAY=alive|hung|dead`` one way,
``SCALE=small`` a sample, ``WORKERS=n`` as many at once. Ends with 1 when anything broke that no fault made impossible.
"""

import os
import sys

from tests.scenarios.play import Row
from tests.scenarios.table import chosen, show, work_through, write


def main() -> int:
    """Run what the environment asks for."""
    stories = chosen(
        only=os.environ.get("ONLY", ""),
        way=os.environ.get("WAY", ""),
        small=os.environ.get("SCALE") == "small",
    )
    shown = sys.stderr.isatty()

    def say(row: Row, done: int, seconds: float) -> None:
        for text in row.broken:
            sys.stderr.write(f"\r{row.scenario} ({row.way}): {text}\n")
        if shown:
            sys.stderr.write(f"\r{seconds:5.0f} s  {done} of {len(stories)} stories")

    rows = work_through(stories, int(os.environ.get("WORKERS", "8")), say)
    sys.stdout.write(show(rows) + "\n")
    write(rows)
    return 0 if all(row.good for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
