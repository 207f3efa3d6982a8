"""What label files tell of images and categories when a project is recovered."""

from __future__ import annotations

import json
import sqlite3
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from seamseg_studio.engine.project.category_keys import KeyedTaxonomy, add_version
from seamseg_studio.engine.project.errors import ProjectError
from seamseg_studio.engine.project.label_file import read_sidecar
from seamseg_studio.engine.project.records import Status
from seamseg_studio.engine.scene.taxonomy import Kind, Taxonomy


def add_from_label_files(connection: sqlite3.Connection, folder: Path, trusted: set[int]) -> list[str]:
    """Adds the images that only label files know, or know better, from the newest of each.

    Args:
        connection: To the new database, in a transaction.
        folder: Of the label files.
        trusted: Images of which the database knows everything; what is left of other labels says nothing new.

    Returns:
        The names of the images.
    """
    names: list[str] = []
    newest: dict[int, tuple[int, str, dict[str, object]]] = {}
    for path in folder.glob("*.json"):
        with suppress(ProjectError):
            content = dict(read_sidecar(path))
            image, entry = content["image"], content["entry"]
            assert isinstance(image, dict)
            assert isinstance(entry, int)
            if image["id"] not in trusted and entry >= newest.get(image["id"], (-1, "", {}))[0]:
                newest[image["id"]] = (entry, path.name, content)
    _add_taxonomy(connection, [content for _, _, content in newest.values()])
    for image_id, (entry, name, content) in sorted(newest.items()):
        image = content["image"]
        assert isinstance(image, dict)
        added = connection.execute(
            "INSERT OR IGNORE INTO images (id, path, name, height, width, sha256, num_bytes, status, next_id, root)"
            " VALUES (?, ?, ?, ?, ?, ?, 0, ?, ?, ?)",
            (
                image_id,
                image["path"],
                image["name"],
                image["height"],
                image["width"],
                image["sha256"],
                Status(image["status"]).value,
                content["next_id"],
                name,
            ),
        )
        # A backup may be older than the labels: then these are the better beginning, though without a history.
        newer = connection.execute(
            "UPDATE images SET root = ?1, root_is_model = 0, checkpoint = '', checkpoint_entry = 0, cursor = 0,"
            " num_edits = 1, compacted = 1, next_id = max(next_id, ?2)"
            " WHERE id = ?3 AND cursor < ?4 AND checkpoint_entry < ?4"
            " AND NOT EXISTS (SELECT 1 FROM journal WHERE image_id = ?3 AND journal.id >= ?4)",
            (name, content["next_id"], image_id, entry),
        )
        if newer.rowcount:
            connection.execute("DELETE FROM journal WHERE image_id = ?", (image_id,))
        if added.rowcount or newer.rowcount:
            names.append(str(image["name"]))
    return names


def _add_taxonomy(connection: sqlite3.Connection, sidecars: list[dict[str, object]]) -> None:
    """Adds the categories that label files know, if the database knows none or only older ones.

    They are then joined by all that any version knows: labels of images that are older may still show them.
    """
    versions: dict[int, KeyedTaxonomy] = {}
    for number, content in connection.execute("SELECT id, content FROM taxonomies"):
        with suppress(ValueError):
            versions[number] = KeyedTaxonomy.from_json(json.loads(content), number)
    known_number = max(versions, default=-1)
    for sidecar in sidecars:
        with suppress(ValueError):
            version = KeyedTaxonomy.from_json(sidecar["taxonomy"])
            versions.setdefault(version.number, version)
    if max(versions, default=-1) <= known_number:
        return
    newest = versions.pop(max(versions))
    stuff = [(c, k) for c, k in zip(newest.taxonomy.categories, newest.keys, strict=True) if c.kind is Kind.STUFF]
    things = [(c, k) for c, k in zip(newest.taxonomy.categories, newest.keys, strict=True) if c.kind is Kind.THING]
    for _, version in sorted(versions.items(), reverse=True):
        for category, key in zip(version.taxonomy.categories, version.keys, strict=True):
            known = [*stuff, *things]
            if key in (k for _, k in known):
                continue
            if category.name in (c.name for c, _ in known):
                category = replace(category, name=f"{category.name} ({key})")
            (stuff if category.kind is Kind.STUFF else things).append((category, key))
    taxonomy = Taxonomy(newest.taxonomy.name, tuple(category for category, _ in [*stuff, *things]))
    add_version(connection, taxonomy, [key for _, key in [*stuff, *things]])
