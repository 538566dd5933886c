"""`make examples`: run the blocks of every document and write what came out where it differs.

Read the difference before you commit it: an answer that changed is a number that moved.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from blocks import ROOT, documents, run
from installed import DEMO, install


def main() -> None:
    """Rewrite the documents in place and name those that changed."""
    with tempfile.TemporaryDirectory() as folder:
        made = install(Path(folder))
        for path in documents():
            text = path.read_text()
            found = [
                one for one in run(text, made.folder, made.programs, {DEMO: made.output}) if not one.agrees
            ]
            for one in sorted(found, key=lambda one: one.start, reverse=True):
                text = text[: one.start] + one.came + text[one.end :]
            if found:
                path.write_text(text)
                sys.stdout.write(f"{path.relative_to(ROOT)}: {len(found)} answers written\n")


if __name__ == "__main__":
    main()
