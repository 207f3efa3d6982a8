"""Every action of the window in one table: menus, tool bars, palette and tests are made from it."""

from __future__ import annotations

from collections.abc import Callable

from seamseg_studio.app.action_spec import DOCUMENT, EDIT, SELECTED, ActionSpec
from seamseg_studio.app.commands import Commands
from seamseg_studio.app.segment_actions import SEGMENT_ACTIONS
from seamseg_studio.app.theme import ThemeChoice

CONTEXT = "Actions"  # of the translations of `text` and of the names of menus

MENUS = ("File", "Edit", "View", "Segment", "Label", "Train", "Help")
MENU_TEXTS = {
    "File": "&File",
    "Edit": "&Edit",
    "View": "&View",
    "Segment": "&Segment",
    "Label": "&Label",
    "Train": "&Train",
    "Help": "&Help",
    "Tools": "&Tools",
    "Shape": "S&hape",
    "Give category": "Give &category",
    "Theme": "&Theme",
    "Text size": "Text &size",
    "Overlay": "&Overlay",
}


def _mode_is(mode: str) -> Callable[[Commands], bool]:
    return lambda c: c.window.canvas is not None and c.window.canvas.overlay_mode == mode


def _theme_is(choice: ThemeChoice) -> Callable[[Commands], bool]:
    return lambda c: c.studio.theme.choice is choice


ACTIONS: tuple[ActionSpec, ...] = (
    ActionSpec("open_folder", "File", "Open &folder…", Commands.open_folder, ("Ctrl+O",), "open_folder"),
    ActionSpec("open_images", "File", "Open &images…", Commands.open_images, ("Ctrl+Shift+O",), "open_image"),
    ActionSpec("open_project", "File", "Open &project…", Commands.open_project, icon="project"),
    ActionSpec("open_sample", "File", "Open the &sample photos", Commands.open_sample),
    ActionSpec(
        "export",
        "File",
        "&Export…",
        Commands.export,
        ("Ctrl+E",),
        "export",
        ("project",),
        gap=True,
    ),
    ActionSpec(
        "close_project",
        "File",
        "&Close project",
        Commands.close_project,
        ("Ctrl+W",),
        needs=("project",),
        gap=True,
    ),
    ActionSpec("preferences", "File", "P&references…", Commands.show_preferences, ("Ctrl+,",), "settings", gap=True),
    ActionSpec("quit", "File", "&Quit", Commands.quit, ("Ctrl+Q",)),
    # Edit
    ActionSpec("undo", "Edit", "&Undo", Commands.undo, ("Ctrl+Z",), "undo", (*EDIT, "undo"), repeats=True),
    ActionSpec(
        "redo",
        "Edit",
        "&Redo",
        Commands.redo,
        ("Ctrl+Shift+Z", "Ctrl+Y"),
        "redo",
        (*EDIT, "redo"),
        repeats=True,
    ),
    ActionSpec(
        "select_all",
        "Edit",
        "Select &all segments",
        Commands.select_all,
        ("Ctrl+A",),
        needs=DOCUMENT,
        gap=True,
    ),
    ActionSpec("select_none", "Edit", "Select &none", Commands.select_none, ("Esc",), needs=SELECTED),
    # View
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
            ("instance", "&Instances apart"),
            ("provenance", "&Who said so"),
        )
    ),
    ActionSpec(
        "outlines",
        "View/Overlay",
        "Show out&lines",
        Commands.toggle_outlines,
        needs=("canvas",),
        gap=True,
        checked=lambda c: c.window.canvas is not None and c.window.canvas.show_outlines,
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
    ActionSpec("full_screen", "View", "F&ull screen", Commands.toggle_full_screen, ("F11",), gap=True),
    ActionSpec("reset_layout", "View", "&Reset the layout", Commands.reset_layout),
    *SEGMENT_ACTIONS,
    # Label
    ActionSpec("label_image", "Label", "&Label this image", Commands.label_image, ("Ctrl+L",), "label", EDIT),
    ActionSpec(
        "label_all",
        "Label",
        "Label &all images",
        Commands.label_all,
        ("Ctrl+Shift+L",),
        "label_all",
        ("project", "writable", "no_folder_job", "unlabelled"),
    ),
    ActionSpec(
        "pause_labelling",
        "Label",
        "&Pause labelling",
        Commands.pause_labelling,
        icon="pause",
        needs=("folder_job",),
        checked=lambda c: c.studio.labelling.folder_job is not None and c.studio.labelling.folder_job.paused,
    ),
    ActionSpec(
        "cancel_labelling",
        "Label",
        "&Cancel labelling",
        Commands.cancel_labelling,
        icon="stop",
        needs=("folder_job",),
    ),
    ActionSpec(
        "use_prediction",
        "Label",
        "&Reject: back to the prediction",
        Commands.use_prediction,
        ("Ctrl+Backspace",),
        "history",
        (*EDIT, "prediction"),
    ),
    ActionSpec(
        "accept",
        "Label",
        "A&ccept, on to the next",
        Commands.accept,
        ("Return", "Enter"),
        "accept",
        EDIT,
        gap=True,
    ),
    ActionSpec(
        "take_back_acceptance",
        "Label",
        "&Take acceptance back",
        Commands.take_back_acceptance,
        ("Shift+Return",),
        needs=(*EDIT, "unaccepted"),
    ),
    ActionSpec(
        "edit_categories",
        "Label",
        "&Edit the categories…",
        Commands.edit_categories,
        ("Ctrl+G",),
        "tag",
        ("project", "writable"),
    ),
    ActionSpec("flag", "Label", "&Flag or unflag", Commands.flag, ("F",), "flag", EDIT),
    ActionSpec("flag_note", "Label", "Flag with a n&ote…", Commands.flag_with_note, ("Shift+F",), needs=EDIT),
    ActionSpec(
        "next_image",
        "Label",
        "&Next image",
        lambda c: c.step(1),
        ("D",),
        "next",
        ("project",),
        gap=True,
        repeats=True,
    ),
    ActionSpec(
        "previous_image",
        "Label",
        "Pre&vious image",
        lambda c: c.step(-1),
        ("A",),
        "previous",
        ("project",),
        repeats=True,
    ),
    ActionSpec(
        "next_unaccepted",
        "Label",
        "Next &unaccepted image",
        Commands.next_unaccepted,
        ("Shift+D",),
        needs=("project",),
    ),
    # Train
    ActionSpec(
        "train",
        "Train",
        "&Train on the corrections…",
        Commands.train,
        ("Ctrl+T",),
        "train",
        ("project", "no_training"),
    ),
    ActionSpec("stop_training", "Train", "&Stop the training", Commands.stop_training, (), "stop", ("training",)),
    ActionSpec(
        "use_trained_model",
        "Train",
        "&Use the new model",
        Commands.use_trained_model,
        icon="model",
        needs=("trained",),
    ),
    ActionSpec("load_model", "Train", "&Load a model…", Commands.load_model, gap=True),
    ActionSpec("load_starter", "Train", "Use the sta&rter model", Commands.load_starter),
    ActionSpec("restart_engine", "Train", "R&estart the engine", Commands.restart_engine),
    # Help
    ActionSpec("palette", "Help", "&Command palette…", Commands.show_palette, ("Ctrl+Shift+P",), "search"),
    ActionSpec("shortcuts", "Help", "&Keyboard shortcuts", Commands.show_shortcuts, ("F1",)),
    ActionSpec("about", "Help", "&About Seamseg Studio", Commands.show_about, gap=True),
)
