#!/usr/bin/env python3
r"""Draws text with ANSI colours as an SVG of a terminal; the picture in the README is made so:

COLUMNS=100 churnctl drift --baseline examples/data/telco_baseline.csv \
    --current examples/data/telco_shifted.csv \
    --report none --format table --color always -q | docs/terminal_picture.py "churnctl drift ..." \
    > docs/images/drift-terminal.svg

The argument is the command shown in the first line. Standard library only.
"""
import html
import re
import sys

CELL, LINE, PAD, BAR = 8.0, 17, 14, 30
COLOURS = {"31": "#ff8a80", "32": "#7ee2a8", "33": "#ffd479", "2": "#8b97a8"}
STYLE = (
    "text{font:13.3px ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace;"
    "fill:#dfe5ee;white-space:pre}"
)


def pieces(line):
    """Splits a line into (column, codes, text)."""
    column, codes = 0, []
    for at, part in enumerate(re.split(r"\x1b\[([0-9;]*)m", line)):
        if at % 2:
            codes = [] if part in ("", "0") else part.split(";")
        elif part:
            yield column, codes, part
            column += len(part)


def runs(column, text):
    """Cuts text at wide gaps, so that each word group stands at its own column."""
    for match in re.finditer(r"\S+(?: \S+)*", text):
        yield column + match.start(), match.group()


def main():
    lines = ["$ " + command for command in sys.argv[1:]] + sys.stdin.read().rstrip("\n").split("\n")
    plain = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in lines]
    width = max(map(len, plain)) * CELL + 2 * PAD
    height = len(lines) * LINE + BAR + 2 * PAD
    print(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'width="{width:.0f}" role="img" aria-label="{html.escape(plain[-1], True)}">'
    )
    print(f"<style>{STYLE}</style>")
    print('<rect width="100%" height="100%" rx="8" fill="#12161d"/>')
    for at, colour in enumerate(("#ff5f57", "#febc2e", "#28c840")):
        print(f'<circle cx="{PAD + 6 + at * 18}" cy="{BAR / 2 + 2}" r="5.5" fill="{colour}"/>')
    for row, line in enumerate(lines):
        y = BAR + PAD + row * LINE + 8
        for column, codes, text in pieces(line):
            style = "".join(f"fill:{COLOURS[code]};" for code in codes if code in COLOURS)
            style += "font-weight:700;" if "1" in codes else ""
            style = f' style="{style}"' if style else ""
            if set(text) == {"─"}:
                x, end = PAD + column * CELL, PAD + (column + len(text)) * CELL
                print(f'<path d="M{x:g} {y - 4}H{end:g}" stroke="#3a4454"/>')
                continue
            for start, words in runs(column, text):
                x, length = PAD + start * CELL, len(words) * CELL
                print(
                    f'<text x="{x:g}" y="{y}" textLength="{length:g}"'
                    f' lengthAdjust="spacingAndGlyphs"{style}>{html.escape(words)}</text>'
                )
    print("</svg>")


if __name__ == "__main__":
    main()
