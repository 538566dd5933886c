"""Where the recorded series are, and the mark of tests that need them. Nothing is read or computed here."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

SHARED = Path(os.environ.get("MARGIN_DEBT_SHARED", Path(__file__).resolve().parents[3] / "shared"))
needs_shared = pytest.mark.skipif(
    not (SHARED / "data").is_dir(), reason=f"the recorded series are not at {SHARED / 'data'}"
)
