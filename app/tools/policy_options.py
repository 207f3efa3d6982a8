"""The editing policy as options of a tool: the same two choices for every tool that changes pixels."""

from __future__ import annotations

from seamseg_studio.app.editing.document import Document
from seamseg_studio.app.tools.options import ChoiceOption
from seamseg_studio.engine.scene.policy import Editable, FillPolicy

_EDITABLE_TITLES = {
    Editable.EVERYTHING: "Everything",
    Editable.VOID_ONLY: "Void only",
    Editable.STUFF_ONLY: "Stuff only",
    Editable.SELECTED: "Selected",
}
_FILL_TITLES = {
    FillPolicy.VOID: "Void",
    FillPolicy.AROUND: "Stuff around",
    FillPolicy.SECOND_CHOICE: "Model's 2nd choice",
}


def editable_option(document: Document, title: str = "Paint over") -> ChoiceOption:
    """Which pixels may change."""
    return ChoiceOption(
        "editable",
        title,
        document.policy.editable.value,
        tuple((editable.value, name) for editable, name in _EDITABLE_TITLES.items()),
        "Which pixels may change; locked segments never do",
        is_folded=True,
    )


def fill_option(document: Document) -> ChoiceOption:
    """What pixels become that are taken away."""
    return ChoiceOption(
        "fill",
        "Erase to",
        document.policy.fill.value,
        tuple((fill.value, name) for fill, name in _FILL_TITLES.items()),
        "What erased pixels become",
        is_folded=True,
    )


def set_policy_option(key: str, value: object, document: Document | None) -> bool:
    """Changes the policy if `key` is one of its options; whether it was.

    Raises:
        ValueError: The policy has no such value.
    """
    if document is None or key not in ("editable", "fill"):
        return False
    if key == "editable":
        document.change_policy(editable=Editable(str(value)))
    else:
        document.change_policy(fill=FillPolicy(str(value)))
    return True
