"""Where the program without Python begins: the studio, or the command by whose name it was started.

The studio starts its engine and its trainer as `python -m MODULE`; here it is its own interpreter, and knows that too.
"""

from __future__ import annotations

import multiprocessing
import runpy
import sys
from pathlib import Path

COMMANDS = {
    "seamseg-studio": "seamseg_studio.app.run",
    "seamseg-label": "seamseg_studio.engine.cli.label",
    "seamseg-eval": "seamseg_studio.engine.cli.evaluate",
    "seamseg-convert": "seamseg_studio.engine.cli.convert",
    "seamseg-models": "seamseg_studio.engine.cli.models",
    "seamseg-train": "seamseg_studio.training.cli",
}
OURS = "seamseg_studio."


def module_of(program: str, arguments: list[str]) -> tuple[str, list[str]]:
    """Returns the module to run and its arguments.

    Args:
        program: The name that the program was started by.
        arguments: What followed it.
    """
    rest = [argument for argument in arguments[:1] if argument != "-P"] + arguments[1:]
    if rest[:1] == ["-m"] and len(rest) > 1 and rest[1].startswith(OURS):
        return rest[1], rest[2:]
    return COMMANDS.get(Path(program).stem, COMMANDS["seamseg-studio"]), arguments


if __name__ == "__main__":
    multiprocessing.freeze_support()
    module, arguments = module_of(sys.argv[0], sys.argv[1:])
    sys.argv = [sys.argv[0], *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
