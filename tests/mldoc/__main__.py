"""Writes what mldoc sees in the pages of tests/pages: `MLDOC=.../index.js python -m tests.mldoc`."""

from __future__ import annotations

import json
from pathlib import Path

from tests.mldoc import views

PAGES = Path(__file__).parents[1] / "pages"

files = sorted(PAGES.glob("*.md"))
answers = dict(zip((file.stem for file in files), views(files), strict=True))
(PAGES / "golden.json").write_text(json.dumps(answers, indent=1, ensure_ascii=True) + "\n")
