"""Writes docs/command-line.md from what `--help` says, so that the two cannot differ; a test compares them.

python docs/command_line.py
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

PAGE = Path(__file__).with_name("command-line.md")


def page() -> str:
    """Return the page as Markdown."""
    os.environ["COLUMNS"] = "100"
    from volviz.cli.parser import build_parser

    parser, _ = build_parser()
    (commands,) = (a for a in parser._actions if isinstance(a, argparse._SubParsersAction))
    parts = ["# The command line\n", "Made from `--help` by `docs/command_line.py`; do not edit.\n", _block(parser.format_help())]
    for name, command in commands.choices.items():
        parts += [f"## volviz {name}\n", _block(command.format_help())]
    return "\n".join(parts)


def _block(text: str) -> str:
    return f"```text\n{text.rstrip()}\n```\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
