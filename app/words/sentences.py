"""What the engine says, in the person's language: it knows no language itself, so its sentences are found in a table.

Fields are written {0}, {1} and so on. `make translations` collects the table; a test compares it with the engine.
"""

from __future__ import annotations

import re
from functools import cache

from PySide6.QtCore import QCoreApplication

LABELS = (
    "paint {0}",
    "erase",
    "relabel as {0}",
    "delete {0}",
    "merge {0}",
    "lock",
    "unlock",
    "mark as crowd",
    "mark as no crowd",
    "convert to {0}",
    "split {0}",
    "split {0} into parts",
    "fill holes of {0}",
    "fill with {0}",
    "grow {0}",
    "shrink {0}",
    "smooth {0}",
    "paste {0}",
    "copy {0} from the image before",
    "back to the prediction",
    "neighbours as the model sees them",
    "ask the model: {0}",
    "{0}: new {1}",
    "{0}: add {1}",
    "{0}: subtract",
    "{0}: subtract {1}",
    "{0}: replace {1}",
)
"""What the journal calls changes."""

WORDS = (
    "{0} segments",
    "polygon",
    "lasso",
    "smart scissors",
    "superpixel brush",
    "magic wand",
    "void",
    "void and stuff",
    "the selected segments",
)
"""What may stand in a field of a label or a sentence and is no name."""

SENTENCES = (
    # The scene
    "merging needs at least two segments; select more",
    "there is no segment {0} any more",
    "the scores show a single part in this segment; split it by a line instead",
    "this image has {0} segments already and takes no more; delete or merge some first",
    "category {0} is protected; lift its protection first",
    "segment {0} is locked; unlock it first",
    "segment {0} may not change while only {1} may; make everything editable first",
    "segment {0} lies outside the region that may change; lift the region first",
    "the segment of {0} is locked; unlock it before others join it",
    "the region covers no pixel of the image; draw it on the image",
    "select the segment that the region belongs to first",
    "labels of {0} do not fit an image of {1}",
    "the polygon covers no pixel of the image; draw at least three corners on it",
    "draw a line right across the segment to split it",
    "the line does not cut the segment in two; draw it right across",
    "scribble on at least two parts of the segment to split it",
    "category {0} is no thing; choose a countable one",
    "{0} is stuff and stays one segment; convert it to instances to split it",
    "there is nothing to paste inside this image; copy a segment that lies within its size",
    "category {0} of the copy is not in the taxonomy of this project",
    "This project is open in another window, so nothing can be changed here; close the other window first.",
    "Nothing changed there: it is so already, is locked, or lies outside what may be painted over and the work area.",
    # The project
    "{0}: another studio has changed its categories; open the project anew",
    "{0}: is of an older format; open it once where it can be written",
    "{0}: has no corrected or accepted images; correct or accept one first",
    "{0}: this project is open read-only; close the other studio that has it, or allow writing in it",
    "{0}: could not be saved ({1}); make space or allow writing there, then save again",
    "{0}: a change was not saved because it was made for other labels ({1}); open the image anew",
    "{0}: was made by a newer version of this program (format {1}, this one knows {2}); update the program to open it",
    "{0}: is damaged ({1}); {2}",
    "{0}: this step shows {1}, which is no category of the project any more; take the change of the categories back to"
    " go on",
    "{0}: was written by a newer version of this program; update the program",
    "{0}: is {1} x {2} pixels now, the picture that was labelled was {3} x {4}; put the former file back",
    "{0}: labels of {1} x {2} pixels do not fit an image of {3} x {4}; if its file was replaced, put the former one"
    " back",
    "{0}: neither the database, nor a backup, nor a label file could be read, so it was left as it is; put a copy of it"
    " back, or rename it and open the photos again to begin anew",
    "{0}: is open in a studio or cannot be written; close it there, or allow writing in it",
    "all {0} images belong to one {1}, so none can be kept for validation without leaking; group them in another way,"
    " or keep none",
    "{0}: another studio makes a project here, or it cannot be written; choose another",
    "{0}: there is no project here; choose a folder that holds {1}",
    "{0}: its categories changed while the model was at work; label the image again",
    "{0}: is not empty; choose another place for the new project",
    "{0}: labels of {1} images may show {2}, new since the change; relabel those segments first",
    "{0}: there is no change of the categories to take back",
    "the change of the categories was cancelled; nothing has changed",
    "open this image in the studio and choose 'Open what can be read'",
    # Image files
    "{0}: the file is empty; get it again from its source",
    "{0}: is a folder, not an image; name a file in it",
    "{0}: no such file; check the name",
    "{0}: may not be read; change its permissions",
    "{0}: not a JPEG, PNG, BMP, TIFF or WebP image; convert it or leave it out",
    "{0}: too large for the memory of this machine; use a smaller image",
    "{0}: damaged or cut off ({1}); get the file again from its source",
    "{0}: {1} x {2} pixels are more than the limit of {3}; if the file can be trusted, raise max_pixels",
    "{0}: cannot be read ({1}); check the disk",
    "{0}: no images found; looked for {1}",
    # The engine and its models
    "the engine sent pixels without their memory; restart the program",
    "the engine is of another version than this program; install Seamseg Studio again",
    "the engine could not be started ({0}); close other programs",
    "the engine ended while it was starting",
    "the engine and the program do not understand each other: {0}",
    "not enough memory for {0} x {1} pixels; close other programs or crop the image",
    "not enough memory to answer; close other programs",
    "the model {0} could not be loaded: {1}",
    "the engine cannot load {0}: {1}",
    "{0}: no such file, nor a model of that name; there are: {1}",
    "{0}: has format version {1}, this program reads {2}; update the program",
    "{0}: {1} has changed since it was checked; load the model again",
    "{0}: the bundled model is missing; reinstall the program or name a model",
    "{0}: its {1} is damaged; get the model again from its source",
    "{0}: the hash of {1} is wrong; get the model again from its source",
    "{0}: a text in it cannot be used ({1}); get the model again",
    "{0}: is no model bundle, as it has no {1}; import it or name another",
    "{0}: {1} is damaged ({2}); get the model again from its source",
    "device {0} is not supported: {1}",
    "device {0} is not available: {1}; {2}",
    "precision fp16 needs a GPU: {0}",
)
"""What can go wrong, as the engine and the project say it."""

LABEL_CONTEXT, WORD_CONTEXT, SENTENCE_CONTEXT = "Labels", "Words", "Sentences"
_FIELD = re.compile(r"\{(\d)\}")
_LONGEST = 1000  # characters: names in data may be of any length, and finding templates in them takes its square


def spoken(text: str) -> str:
    """Returns sentences of the engine, one a line, in the person's language; what is no such stays as it is."""
    return "\n".join(_spoken_line(line) for line in text.split("\n"))


def spoken_label(label: str) -> str:
    """Returns what the journal calls a change in the person's language."""
    return _found(label, LABEL_CONTEXT, LABELS)


def _spoken_line(line: str) -> str:
    said = _found(line, SENTENCE_CONTEXT, SENTENCES)
    name, colon, rest = line.partition(": ")
    if said != line or not colon:
        return said
    return f"{name}: {_found(rest, SENTENCE_CONTEXT, SENTENCES)}"  # what happened to one image of many


def _found(text: str, context: str, table: tuple[str, ...]) -> str:
    if len(text) > _LONGEST:
        return text
    for template, pattern in _patterns(table):
        if match := pattern.fullmatch(text):
            fields = [_field(field, context, table) for field in match.groups()]
            return QCoreApplication.translate(context, template).format(*fields)
    return text


def _field(text: str, context: str, table: tuple[str, ...]) -> str:
    word = _found(text, WORD_CONTEXT, WORDS) if table is not WORDS else text
    return word if word != text or context != SENTENCE_CONTEXT else _found(text, context, table)


@cache
def _patterns(table: tuple[str, ...]) -> list[tuple[str, re.Pattern[str]]]:
    """Templates and what they look like, those with most words of their own first."""
    found = []
    for template in sorted(table, key=lambda entry: (-len(_FIELD.sub("", entry)), entry)):
        parts = _FIELD.split(template)
        source = "".join("(.+?)" if place % 2 else re.escape(part) for place, part in enumerate(parts))
        found.append((template, re.compile(source, re.DOTALL)))
    return found
