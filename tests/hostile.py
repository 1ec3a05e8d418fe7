"""Snippets that break readers of pages, and texts made of them."""

from __future__ import annotations

import random

UUID = "5b0a2b0f-1111-4111-8111-111111111111"
SNIPPETS = (
    *("- ", "  - ", "\t- ", "    - ", "\t  - ", "-", "# ", "## ", "  ## ", "- ## ", "-# ", "* ", "+ ", "1. ", "  * "),
    *("   2. ", "2024 was", "-5 x", "[ ] ", "[X] ", "TODO ", "DONE ", "LATER", "[#A] ", "[#B]", "a", "b c", "word "),
    *("x:: y", "key:: ", "Key_A:: v", "owl:class:: x", "a::b", "a::\tb", "::", "id:: 1", "tags:: [[A]], #b", '"'),
    *(
        "\n",
        "\n",
        "\n",
        "\n",
        "\n\n",
        "\n\n\n",
        "\r\n",
        "\r",
        " ",
        "  ",
        "\t",
        "\f",
        "\x1a",
        "\x0b",
        "\xa0",
        "\ufeff",
    ),
    *("\u200b", "\u2028", "\x85", "\x00", "é", "日本", "😀", ",", ".", ";", "'", "?", ":", "!", "|"),
    *("```", "```js\n", "~~~", "```\n", "\n```\n", "\n  ```\n", "$$", "$$x$$", "$", "$a$", "> ", "> q\n", ">> "),
    *(
        "| a | b |\n",
        "|---|---|\n",
        "#+BEGIN_QUOTE\n",
        "\n#+END_QUOTE\n",
        "#+BEGIN_SRC py\n",
        "#+END_SRC",
        "#+k: v\n",
    ),
    *("#+begin_note\n", "#+end_note\n", "#+", "\\begin{x}\n", "\\end{x}", "\\begin{", "title: x\n", "---", "---\n"),
    *("***", "___", "<b>", "</b>", "<div>\n", "</div>", "<br/>", "<!--", "-->", "<!-- c -->", "<a ", "/>"),
    *(":PROPERTIES:\n", ":k: v\n", ":END:\n", ":end:", ":foo:\n", "[^1]: note", "[^1]", "term\n: def\n", ": d"),
    *(
        "[//]: # c\n",
        "[[A]]",
        "[[A b]]",
        "[[A [[B]] C]]",
        "[[",
        "]]",
        "[",
        "]",
        "[[A|b]]",
        "[[cl:X]]",
        "[[]]",
        "#tag",
    ),
    *("#[[multi w]]", "#", "#a.b", "#a,", "(#t)", "C#", "((", "))", f"(({UUID}))", "((x))", "[l]([[A]])", "[l](u)"),
    *("[l](", "](", "(", ")", "![i](x)", "{{embed [[P]]}}", f"{{{{embed (({UUID}))}}}}", "{{query [[q]], x}}", "{{"),
    *("}}", "{{{", "`", "``", "`c`", "**", "*", "_", "__", "~~", "^^", "==", "^{", "_{", "}", "{", "**[[B]]**"),
    *("*i [[I]] j*", "_u [[U]]_", "\\", "\\[", "\\]", "\\(", "\\)", "\\#", "\\alpha", "http://x.y/z#f", "<a@b.c>"),
    *("https://a/[[b]]", "<http://a/[[b]]#>", "@@html: x@@", "@@", "SCHEDULED: <2020-01-01 Wed>", "[:div"),
    "[:span [[x]]]",
)


def texts(seed: int, count: int) -> list[str]:
    """As many texts, always the same for a seed: any snippets, the same few again and again, and short lines."""
    dice = random.Random(seed)
    made = []
    for _ in range(count):
        kind = dice.random()
        if kind < 0.5:
            parts = dice.choices(SNIPPETS, k=dice.randint(1, 12))
        elif kind < 0.8:
            parts = dice.choices([*dice.sample(SNIPPETS, 6), "\n"], k=dice.randint(2, 25))
        else:
            lines = ("".join(dice.choices(SNIPPETS, k=dice.randint(0, 4))) for _ in range(dice.randint(1, 8)))
            parts = ["\n".join(line.replace("\n", " ") for line in lines)]
        made.append("".join(parts))
    return made


def damaged(pages: list[str], seed: int, count: int) -> list[str]:
    """As many pieces of pages with lines moved, indented, cut and mixed with snippets; always the same for a seed."""
    dice = random.Random(seed)
    made = []
    for _ in range(count):
        lines = dice.choice(pages).split("\n")
        first = dice.randrange(len(lines))
        piece = lines[first : first + dice.randint(5, 60)]
        for _ in range(dice.randint(0, 6)):
            index = dice.randrange(len(piece))
            line = piece[index]
            cut = dice.randint(0, len(line))
            piece[index] = dice.choice(
                [
                    line[:cut] + dice.choice(SNIPPETS) + line[cut:],
                    dice.choice(["\t", "  ", "    ", " "]) + line,
                    line.lstrip(),
                    line + "\n" + dice.choice(lines),
                    line[:cut] + line[cut + dice.randint(1, 4) :],
                ]
            )
        made.append("\n".join(piece))
    return made
