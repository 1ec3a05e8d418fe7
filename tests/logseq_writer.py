"""What Logseq writes when any block of a page was edited: the whole page anew, by the rules of its normal form."""

from __future__ import annotations

import re

from registry.pages.reader import Block, Page, read


def saved(text: str) -> str:
    """The page after a save.

    Page properties, one blank line, then each block: a tab for each level above it, "- ", and lines
    that continue it below its text.  The bullet of a heading that comes first is dropped, and a first
    block whose first line is a property becomes page properties, unless the page has properties.
    """
    page = read(text)
    head = "".join(_head(page)).strip()
    blocks = [_block(page, block, first=number == 0 and not head) for number, block in enumerate(page.blocks)]
    return "\n\n".join(part for part in (head, "\n".join(blocks)) if part)


def _head(page: Page) -> list[str]:
    end = page.blocks[0].first if page.blocks else len(page.lines)
    return page.lines[:end]


def _block(page: Page, block: Block, *, first: bool) -> str:
    lines = [line.rstrip("\r\n") for line in page.lines[block.first : block.last]]
    own = re.sub(r"^\s*(- ?)?", "", lines[0], count=1)
    deep = len(lines[0]) - len(lines[0].lstrip()) + 2 if block.bullet else 0
    rest = [re.sub(rf"^\s{{0,{deep}}}", "", line) for line in lines[1:]]
    while rest and not rest[-1].strip():
        rest.pop()
    indent = "\t" * (block.depth - 1)
    bullet = "" if first and (block.heading or ":: " in own) else "- "
    return "\n".join([f"{indent}{bullet}{own}", *(f"{indent}  {line}" for line in rest)])
