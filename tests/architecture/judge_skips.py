"""Reads pytest's JUnit file for `.ci/run` and fails a run that skipped what it should have tested.

Usage: python judge_skips.py JUNIT_XML RECORDED_SERIES. Where the recorded series are, only the reasons listed
here may skip a test. No test lives here.
"""

from __future__ import annotations

import sys
from pathlib import Path
from xml.etree import ElementTree as ET

MOST_SKIPPED_RATIO = 0.05
# what a machine may lack although the recorded series are on it
ALLOWED = ("no Chromium on this machine", "this machine has no address but its own")


def judge(junit: str, has_recorded_series: bool) -> list[str]:
    """Sentences about what was skipped and should not have been; an empty list is a good run.

    junit: the text of the file.
    """
    cases = list(ET.fromstring(junit).iter("testcase"))  # noqa: S314 pytest wrote it a moment ago
    skips = [(case, skip) for case in cases if (skip := case.find("skipped")) is not None]
    problems = []
    if not cases:
        problems.append("no test was run")
    elif len(skips) / len(cases) >= MOST_SKIPPED_RATIO:
        problems.append(f"{len(skips)} of {len(cases)} tests were skipped: fewer than 5 % may be")
    if has_recorded_series:
        problems += [
            f"{case.get('classname')}.{case.get('name')} was skipped where the recorded series are: {why}"
            for case, skip in skips
            if not (why := skip.get("message", "")).startswith(ALLOWED)
        ]
    return problems


if __name__ == "__main__":
    found = judge(Path(sys.argv[1]).read_text(), Path(sys.argv[2]).is_dir())
    sys.stderr.writelines(f"skips: {problem}\n" for problem in found)
    sys.exit(1 if found else 0)
