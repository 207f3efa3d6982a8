"""The page at the end of a training: curves, categories, the images that went worst; one file without scripts."""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from string import Template
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from seamseg_studio.engine.evaluation.panoptic_quality import Labelling, PanopticStats, compare, score
from seamseg_studio.engine.files import atomic_write
from seamseg_studio.engine.inference.predictor import Predictor
from seamseg_studio.engine.model.panoptic_net import PanopticNet
from seamseg_studio.engine.scene.taxonomy import Taxonomy
from seamseg_studio.training.comparison import painted
from seamseg_studio.training.dataset import SampleSource
from seamseg_studio.training.events import EventLog, read_events
from seamseg_studio.training.sample import VOID_CATEGORY, Sample

FILE_NAME = "report.html"
NUM_WORST, MAX_IMAGES = 6, 100
_PICTURE_PX = 420
_MAX_POINTS = 600

_PAGE = Template("""\
<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>$title</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
body { font: 15px/1.5 system-ui, sans-serif; max-width: 68rem; margin: 2rem auto; padding: 0 1rem; color: #1d2229;
  background: #fff }
h1 { font-size: 1.4rem } h2 { font-size: 1.1rem; margin-top: 2.2rem }
table { border-collapse: collapse; font-variant-numeric: tabular-nums }
th, td { padding: .25rem .9rem .25rem 0; text-align: right; border-bottom: 1px solid #e3e7ec }
th:first-child, td:first-child { text-align: left } th { font-weight: 600; color: #505a66 }
.curves { display: grid; grid-template-columns: repeat(auto-fill, minmax(19rem, 1fr)); gap: 1rem }
figure { margin: 0 } figcaption, .note { color: #5c6672 } svg { width: 100%; height: auto }
.worst { display: grid; grid-template-columns: repeat(3, 1fr); gap: .5rem; margin-bottom: 1rem } img { width: 100% }
path { fill: none; stroke: #3b6fb5; stroke-width: 1.5 } line { stroke: #d5dbe2 } text { font-size: 11px; fill: #5c6672 }
@media (prefers-color-scheme: dark) { body { background: #15191e; color: #e4e8ee } th, .note, figcaption, text {
  color: #9aa5b1; fill: #9aa5b1 } th, td { border-color: #2b323a } path { stroke: #6f9fdb } line { stroke: #333b44 } }
</style></head><body>
<h1>$title</h1>
<p class="note">$summary</p>
<h2>Curves</h2>
<div class="curves">$curves</div>
$categories
$worst
</body></html>
""")


@dataclass(frozen=True, slots=True)
class Judged:
    """One image of the validation, and how well it went.

    Attributes:
        sample: The truth.
        labels: The prediction's category of each pixel, 255 void. [H, W].
        pq: Of this image alone, 0 to 1.
    """

    sample: Sample
    labels: NDArray[np.int64]
    pq: float


def write_report(
    out: Path,
    events: EventLog,
    title: str,
    network: PanopticNet,
    held_out: SampleSource | None,
    taxonomy: Taxonomy,
) -> Path | None:
    """Writes OUT/report.html, from the log of the run and a look at the images held back.

    Returns:
        The page; None if there is no log to make it from, or no room for it.
    """
    log = events.path or out / "events.jsonl"  # the studio lets stdout run into that file
    if not log.is_file():
        return None
    judged = [] if held_out is None else find_worst(network, held_out, taxonomy)
    page = render_report(read_events(log), title, judged, taxonomy)
    try:
        atomic_write(out / FILE_NAME, page.encode())
    except OSError as error:
        events.emit("warning", message=f"the report could not be written ({error})")
        return None
    return out / FILE_NAME


@torch.no_grad()
def find_worst(network: PanopticNet, samples: SampleSource, taxonomy: Taxonomy) -> list[Judged]:
    """Returns the images with the lowest PQ of the first MAX_IMAGES, the worst first."""
    was_training = network.training
    predictor = Predictor(network.eval(), taxonomy)
    judged: list[Judged] = []
    for index in range(min(len(samples), MAX_IMAGES)):
        sample = samples[index]
        result = predictor.predict(sample.image)
        known = np.where(sample.categories < len(taxonomy), sample.categories, VOID_CATEGORY)
        truth = Labelling.of_arrays(sample.ids, known, sample.is_crowd)
        guess = Labelling.of_arrays(result.ids, result.categories, result.is_crowd)
        pq = score(PanopticStats.zeros(len(taxonomy)) + compare(truth, guess, len(taxonomy)), taxonomy).all.pq
        if math.isfinite(pq):
            judged.append(Judged(sample, result.categories[result.ids], pq))
            judged = sorted(judged, key=lambda one: one.pq)[:NUM_WORST]
    network.train(was_training)
    return judged


def render_report(events: Sequence[Mapping[str, Any]], title: str, judged: Sequence[Judged], taxonomy: Taxonomy) -> str:
    """Returns the page."""
    steps = [event for event in events if event["event"] == "step"]
    checks = [event for event in events if event["event"] == "validation"]
    curves = [_curve("total loss", [(e["step"], e["total"]) for e in steps])]
    for name in steps[-1]["losses"] if steps else ():
        curves.append(_curve(f"loss {name}", [(e["step"], e["losses"].get(name)) for e in steps]))
    curves.append(_curve("learning rate", [(e["step"], e["lr"]) for e in steps]))
    for key, text in (("pq", "PQ"), ("miou", "mIoU")):
        curves.append(_curve(text, [(e["step"], None if e.get(key) is None else 100 * e[key]) for e in checks]))
    return _PAGE.substitute(
        title=escape(title),
        summary=escape(_summary(events)),
        curves="".join(curves),
        categories=_categories(checks[-1]) if checks else "",
        worst=_worst(judged, taxonomy),
    )


def _summary(events: Sequence[Mapping[str, Any]]) -> str:
    start = next((event for event in events if event["event"] == "start"), {})
    last: Mapping[str, Any] = next((event for event in reversed(events) if event["event"] in ("done", "step")), {})
    minutes = (last.get("seconds") or 0) / 60
    text = f"{last.get('step', 0)} steps on {start.get('num_images', 0)} images, {minutes:.1f} minutes on "
    text += f"{start.get('device', '?')}."
    gate = last.get("gate")
    return f"{text} {gate['status'].capitalize()}: {gate['reason']}." if gate else text


def _curve(name: str, points: Sequence[tuple[int, float | None]]) -> str:
    known = [(x, y) for x, y in points if y is not None]
    if len(known) < 2:
        return ""
    known = known[:: max(1, len(known) // _MAX_POINTS)]
    low, high = min(0.0, *(y for _, y in known)), max(y for _, y in known) or 1.0
    first, last = known[0][0], max(known[-1][0], known[0][0] + 1)
    places = [(40 + 250 * (x - first) / (last - first), 110 - 100 * (y - low) / (high - low)) for x, y in known]
    line = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
    return (
        f'<figure><figcaption>{escape(name)}: {known[-1][1]:.4g}</figcaption><svg viewBox="0 0 300 130">'
        f'<line x1="40" y1="110" x2="290" y2="110"/><line x1="40" y1="10" x2="290" y2="10"/>'
        f'<text x="36" y="14" text-anchor="end">{high:.3g}</text>'
        f'<text x="36" y="113" text-anchor="end">{low:.3g}</text>'
        f'<text x="40" y="126">{first}</text><text x="290" y="126" text-anchor="end">{last}</text><path d="{line}"/>'
        "</svg></figure>"
    )


def _categories(check: Mapping[str, Any]) -> str:
    def text(value: float | None) -> str:
        return "–" if value is None else f"{100 * value:.1f}"

    rows = "".join(
        f"<tr><td>{escape(name)}</td><td>{text(values.get('pq'))}</td><td>{text(values.get('iou'))}</td></tr>"
        for name, values in check.get("categories", {}).items()
    )
    heading = f"<h2>Categories, after step {check['step']}</h2>"
    return f"{heading}<table><tr><th>category</th><th>PQ</th><th>IoU</th></tr>{rows}</table>"


def _worst(judged: Sequence[Judged], taxonomy: Taxonomy) -> str:
    if not judged:
        return ""
    parts = ["<h2>The images that went worst</h2><p class='note'>Photo, truth, prediction.</p>"]
    for one in judged:
        truth = one.sample.categories[one.sample.ids]
        image = one.sample.image
        pictures = (image, painted(image, truth, taxonomy), painted(image, one.labels, taxonomy))
        images = "".join(f'<img alt="" src="data:image/jpeg;base64,{_encoded(picture)}">' for picture in pictures)
        parts.append(f"<p>{escape(one.sample.name)}: PQ {100 * one.pq:.1f}</p><div class='worst'>{images}</div>")
    return "".join(parts)


def _encoded(picture: NDArray[np.uint8]) -> str:
    scale = min(1.0, _PICTURE_PX / max(picture.shape[:2]))
    small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    data = cv2.imencode(".jpg", small[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 80])[1]
    return base64.b64encode(data.tobytes()).decode()
