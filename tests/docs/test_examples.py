"""Every code block of every document runs and shows what came out, or says why it cannot run here."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from blocks import FORMS, NOT_RUN, REASONS, ROOT, Shown, blocks, commands, documents, run, tidy
from installed import DEMO, Installed

DOCUMENTS = {str(path.relative_to(ROOT)): path.read_text() for path in documents()}
RUN = [name for name, text in DOCUMENTS.items() if any(block.reason is None for block in blocks(text))]
MOST_NOT_RUN = 20


@pytest.mark.parametrize("name", RUN)
def test_a_document_shows_what_its_blocks_answer(name: str, installed: Installed) -> None:
    """From the wheel, in a folder beside nothing; `make examples` writes the answers anew."""
    found = list(run(DOCUMENTS[name], installed.folder, installed.programs, {DEMO: installed.output}))
    wrong = [f"shown:\n{one.shown}came out:\n{one.came}" for one in found if not one.agrees]
    assert wrong == [], "\n".join(wrong)


def test_a_block_is_of_a_kind_that_is_run_and_says_so_if_not() -> None:
    reasons: Counter[str] = Counter()
    for name, text in DOCUMENTS.items():
        for block in blocks(text):
            assert block.form in FORMS, (
                f"{name} has a block of {block.form or 'no language'}: {block.text[:80]}"
            )
            if block.reason is not None:
                reasons[block.reason] += 1
            elif block.form == "console":
                assert commands(block), f"{name} has a console block without a `$ ` line"
    assert set(reasons) <= REASONS
    assert reasons.total() <= MOST_NOT_RUN


def test_the_documents_are_run() -> None:
    """No term and no guide without a block that runs, but for the guide to the live venues."""
    pages = [name for name in DOCUMENTS if re.match(r"docs/(concepts|howto)/(?!index|live)", name)]
    assert len(pages) >= 14
    assert [name for name in pages if name not in RUN] == []


@pytest.mark.parametrize(
    ("shown", "came", "agrees"),
    [
        ("a\n", "a\n", True),
        ("a\n", "b\n", False),
        ("a\n...\nz\n", "a\nb\nc\nz\n", True),
        ("a\n...\nz\n", "a\nz\n", True),
        ("a\n...\nz\n", "a\nb\n", False),
        ("", "a\n", False),
    ],
)
def test_what_is_shown_is_compared_line_by_line(shown: str, came: str, agrees: bool) -> None:
    assert Shown(0, 0, shown, came).agrees is agrees


def test_a_block_that_answers_wrongly_is_found(installed: Installed) -> None:
    text = "\n".join(
        [
            "```sql",
            "select 2 as two, null as nothing, 0.1 + 0.2 as third",
            "```",
            "",
            "| two | nothing | third |",
            "| --- | --- | --- |",
            "| 2 | NULL | 0.3 |",
            "",
            "```python",
            "print(6 * 7)",
            "```",
            "",
            "```text",
            "43",
            "```",
            "",
            "```console",
            "$ export NAME=x",
            "$ echo $NAME",
            "x",
            "$ false; echo $?",
            "1",
            "```",
            "```console",
            f"{NOT_RUN}asks live venues",
            "$ false",
            "```",
            "",
        ]
    )
    found = list(run(text, installed.folder, installed.programs, {}))
    assert [one.agrees for one in found] == [True, True, True, True, False]
    wrong = found[-1]
    assert text[wrong.start : wrong.end] != wrong.came == "42\n"


def test_the_folder_of_a_reader_is_not_that_of_this_machine(tmp_path: Path) -> None:
    assert tidy(f"report: {tmp_path}/reports/a.html  \n", tmp_path) == "report: ~/md/reports/a.html\n"
