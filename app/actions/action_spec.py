"""What an action of the window is: its place in the menus, its keys, what it does and when it can be done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from seamseg_studio.app.actions.commands import Commands

DOCUMENT = ("document",)
EDIT = ("document", "writable")
SELECTED = ("document", "selection")
WRITE = (*EDIT, "idle")
ONE = (*WRITE, "single")
CHANGE = (*WRITE, "selection")


@dataclass(frozen=True, slots=True)
class ActionSpec:
    """One thing that a person can do.

    Attributes:
        id: Stable, for settings and tests.
        menu: Its menu, or "Menu/Submenu".
        text: What people read; English, translated when shown.
        run: What it does.
        keys: Its default keys; the first is shown.
        icon: File stem in resources/icons.
        needs: Conditions of `Commands` without which it is disabled; the first that fails is the reason shown.
        gap: Whether a line separates it from the entry before.
        checked: For switches: whether it is on now.
        group: Switches of one group exclude each other.
        repeats: Whether holding the key repeats it.
    """

    id: str
    menu: str
    text: str
    run: Callable[[Commands], object]
    keys: tuple[str, ...] = ()
    icon: str = ""
    needs: tuple[str, ...] = ()
    gap: bool = False
    checked: Callable[[Commands], bool] | None = None
    group: str = ""
    repeats: bool = False
