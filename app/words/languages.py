"""The language of the window, from Qt Linguist files."""

from __future__ import annotations

from importlib.resources import as_file, files

from PySide6.QtCore import QCoreApplication, QLibraryInfo, QLocale, QTranslator

TRANSLATED = ("de", "zh")
"""What there are files for; English needs none."""


def language_of(choice: str) -> str:
    """The language to speak: as chosen, or the system's if there is a file for it, else English."""
    code = choice or QLocale.system().name().partition("_")[0]
    return code if code in TRANSLATED else "en"


def speak(application: QCoreApplication, choice: str) -> list[QTranslator]:
    """Lets `application` speak a language; to be called before there are widgets, with the result kept.

    Args:
        application: The program.
        choice: A code such as "de"; empty for the system's.
    """
    code = language_of(choice)
    if code == "en":
        return []
    translators = []
    own = QTranslator(application)
    with as_file(files("seamseg_studio.resources") / "translations") as folder:
        if own.load(f"studio_{code}.qm", str(folder)):
            translators.append(own)
    qts = QTranslator(application)  # the buttons of Qt's own dialogs
    if qts.load(QLocale(code), "qtbase", "_", QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)):
        translators.append(qts)
    for translator in translators:
        application.installTranslator(translator)
    return translators


def tool_text(text: str) -> str:
    """A word or sentence of a tool, which knows no language, in the person's."""
    return QCoreApplication.translate("Tools", text)
