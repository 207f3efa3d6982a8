"""The actions of the View menu: where one looks and how things are shown."""

from __future__ import annotations

from collections.abc import Callable

from seamseg_studio.app.actions.action_spec import DOCUMENT, ActionSpec
from seamseg_studio.app.actions.commands import Commands
from seamseg_studio.app.look.theme import ThemeChoice


def _mode_is(mode: str) -> Callable[[Commands], bool]:
    return lambda c: c.window.canvas is not None and c.window.canvas.overlay_mode == mode


def _shows(option: str) -> Callable[[Commands], bool]:
    return lambda c: c.window.canvas is not None and c.window.canvas.shows(option)


def _theme_is(choice: ThemeChoice) -> Callable[[Commands], bool]:
    return lambda c: c.studio.theme.choice is choice


VIEW_ACTIONS: tuple[ActionSpec, ...] = (
    ActionSpec("fit", "View", "&Fit the image", Commands.fit, ("Ctrl+0",), "fit", DOCUMENT),
    ActionSpec("zoom_100", "View", "&100 %", Commands.zoom_100, ("Ctrl+1",), needs=DOCUMENT),
    ActionSpec(
        "zoom_in",
        "View",
        "Zoom &in",
        Commands.zoom_in,
        ("Ctrl++", "Ctrl+="),
        "zoom_in",
        DOCUMENT,
        repeats=True,
    ),
    ActionSpec("zoom_out", "View", "Zoom &out", Commands.zoom_out, ("Ctrl+-",), "zoom_out", DOCUMENT, repeats=True),
    *(
        ActionSpec(
            f"mode_{mode}",
            "View/Overlay",
            text,
            lambda c, mode=mode: c.set_mode(mode),  # type: ignore[misc]
            needs=("canvas",),
            checked=_mode_is(mode),
            group="mode",
        )
        for mode, text in (
            ("fill", "&Fill and outline"),
            ("outline", "&Outline only"),
            ("category", "&Categories without outlines"),
            ("instance", "&Instances apart"),
            ("uncertainty", "&Uncertainty of the model"),
            ("provenance", "&Who said so"),
            ("difference", "&Difference to the prediction"),
        )
    ),
    *(
        ActionSpec(
            option,
            "View/Overlay",
            text,
            lambda c, option=option: c.canvas.toggle(option),  # type: ignore[misc]
            keys,
            needs=("canvas",),
            gap=option == "outlines",
            checked=_shows(option),
        )
        for option, text, keys in (
            ("outlines", "Show out&lines", ()),
            ("names", "Show &names", ("Alt+N",)),
            ("dims_others", "&Dim all but the selection", ("Shift+V",)),
        )
    ),
    ActionSpec(
        "hide_category",
        "View/Overlay",
        "&Hide or show the current category",
        Commands.toggle_category_hidden,
        needs=DOCUMENT,
        gap=True,
        checked=Commands.is_category_hidden,
    ),
    ActionSpec(
        "reset_tones",
        "View/Overlay",
        "I&mage as it is",
        lambda c: c.canvas.set_image_tones(),
        needs=("canvas",),
    ),
    *(
        ActionSpec(
            option,
            "View",
            text,
            lambda c, option=option: c.canvas.toggle(option),  # type: ignore[misc]
            keys,
            needs=("canvas",),
            gap=option == "rulers",
            checked=_shows(option),
        )
        for option, text, keys in (("rulers", "&Rulers", ("Ctrl+Shift+R",)), ("crosshair", "Cross&hair", ()))
    ),
    *(
        ActionSpec(
            f"theme_{choice.value}",
            "View/Theme",
            text,
            lambda c, choice=choice: c.set_theme(choice),  # type: ignore[misc]
            checked=_theme_is(choice),
            group="theme",
        )
        for choice, text in (
            (ThemeChoice.SYSTEM, "As the &system"),
            (ThemeChoice.DARK, "&Dark"),
            (ThemeChoice.LIGHT, "&Light"),
            (ThemeChoice.CONTRAST, "High &contrast"),
        )
    ),
    ActionSpec("text_larger", "View/Text size", "&Larger", lambda c: c.change_scale(1), ("Ctrl+Alt++",)),
    ActionSpec("text_smaller", "View/Text size", "&Smaller", lambda c: c.change_scale(-1), ("Ctrl+Alt+-",)),
    ActionSpec("text_normal", "View/Text size", "&Normal", lambda c: c.change_scale(0), ("Ctrl+Alt+0",)),
    ActionSpec("next_panel", "View", "Ne&xt panel", lambda c: c.step_panel(1), ("F6",), gap=True),
    ActionSpec("previous_panel", "View", "Pre&vious panel", lambda c: c.step_panel(-1), ("Shift+F6",)),
    ActionSpec("full_screen", "View", "F&ull screen", Commands.toggle_full_screen, ("F11",), gap=True),
    ActionSpec("reset_layout", "View", "&Reset the layout", Commands.reset_layout),
)
