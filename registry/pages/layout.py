"""A page laid out as Logseq lays it out when it saves it, so that two layouts of one page can be compared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from registry.pages.reader import Block, Page, read


def as_saved(text: str) -> str:
    """The page with tabs, a bullet before each block and no blank lines between them, as Logseq writes it."""
    page = read(text.replace("\r\n", "\n"))
    first = page.blocks[0].first if page.blocks else len(page.lines)
    head = [page.lines[each.line].strip() for each in page.properties]
    stated = {each.line for each in page.properties}
    words = [page.lines[index].rstrip("\n") for index in range(first) if index not in stated]
    lines = list(head)
    if head and (page.blocks or _trimmed(words)):
        lines.append("")
    if _trimmed(words):
        lines += _laid_out(_trimmed(words), 0, 2)
    for block in page.blocks:
        lines += _block(page, block)
    return "\n".join(lines)


def _block(page: Page, block: Block) -> Iterator[str]:
    found = [page.lines[index].rstrip("\n") for index in range(block.first, block.last)]
    first = found[0].lstrip(" \t")
    found[0] = first[1:].removeprefix(" ") if block.bullet else first
    return _laid_out([found[0], *_trimmed(found[1:], start=False)], block.depth - 1, block.level + 1)


def _laid_out(lines: list[str], depth: int, cut: int) -> Iterator[str]:
    yield f"{chr(9) * depth}- {lines[0]}" if lines[0] else f"{chr(9) * depth}-"
    for line in lines[1:]:
        blanks = len(line) - len(line.lstrip(" \t"))
        yield f"{chr(9) * depth}  {line[min(cut, blanks) :]}"


def _trimmed(lines: list[str], *, start: bool = True) -> list[str]:
    """Without blank lines at the end, and at the start."""
    lines = list(lines)
    while lines and not lines[-1].strip():
        lines.pop()
    while start and lines and not lines[0].strip():
        lines.pop(0)
    return lines


def alike(base: str, other: str) -> tuple[str, bool]:
    """The base in the layout of the other text, and whether Logseq's layout had to be taken for that."""
    saved = as_saved(base)
    if saved == base or _common(saved, other) <= _common(base, other):
        return base, False
    return saved, True


def _common(one: str, other: str) -> int:
    """How many lines that say something two texts share."""
    first, second = (Counter(line for line in text.split("\n") if line.strip()) for text in (one, other))
    return (first & second).total()
