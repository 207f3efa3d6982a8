"""`make demo`: labels the bundled sample photos with the bundled model, then opens the studio on them.

Leaves in the output folder `overlay/` (pictures), `panoptic/` with `panoptic.json` (COCO panoptic) and
`samples.seamseg`, a project to correct them in.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

from seamseg_studio.engine.errors import SeamsegError
from seamseg_studio.engine.formats.image_file import find_images, read_image
from seamseg_studio.engine.project import Project
from seamseg_studio.engine.scene.taxonomy import Taxonomy

SAMPLES = Path(str(files("seamseg_studio.resources"))) / "samples" / "images"
PROJECT = "samples.seamseg"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("demo-out"), help="folder for the results")
    parser.add_argument("--no-window", action="store_true", help="do not open the studio")
    options = parser.parse_args()
    try:
        code = label(options.out)
        if code == 0:
            make_project(options.out / PROJECT)
    except (SeamsegError, OSError) as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("demo: stopped on request; run it again to go on", file=sys.stderr)
        return 130
    if code:
        return code
    print(f"demo: pictures in {options.out / 'overlay'}, COCO panoptic labels in {options.out / 'panoptic.json'}")
    return 0 if options.no_window else open_studio(options.out / PROJECT)


def label(out: Path) -> int:
    """Runs `seamseg-label` as a user would; returns its exit code."""
    command = [sys.executable, "-m", "seamseg_studio.engine.cli.label", str(SAMPLES), "--out", str(out)]
    print("demo: seamseg-label", *command[3:], "--format overlay,coco-panoptic --overwrite", flush=True)
    return subprocess.run([*command, "--format", "overlay,coco-panoptic", "--overwrite"], check=False).returncode


def make_project(folder: Path) -> None:
    """Makes the project with the model's labels in it, or goes on with one that was begun: corrections in it are kept.

    Raises:
        SeamsegError: The model or a photo cannot be read, or the project not be written.
    """
    taxonomy = Taxonomy.load(Path(str(files("seamseg_studio.resources"))) / "starter" / "taxonomy.json")
    with Project.open(folder) if folder.exists() else Project.create(folder, taxonomy) as project:
        project.add_images(find_images([SAMPLES]))
        left = [record for record in project.images() if not record.has_labels]
        if not left or project.read_only:
            return
        from seamseg_studio.engine import load_model

        predictor = load_model()
        for record in left:
            project.store_prediction(record.id, predictor.predict(read_image(record.path)), predictor.bundle_name)


def open_studio(project: Path) -> int:
    """Opens the window where there is a display, else says how to."""
    command = [sys.executable, "-m", "seamseg_studio.app.run", "--project", str(project)]
    has_display = sys.platform in {"win32", "darwin"} or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    if not has_display:
        print("demo: there is no display here; on a machine with one, run")
        print(f"          .venv/bin/seamseg-studio --project {project}")
        return 0
    print(f"demo: opening the studio on {project}")
    return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
