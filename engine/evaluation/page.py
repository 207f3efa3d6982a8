"""Evaluation results as one HTML page that needs no network and no script."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from string import Template

import numpy as np

from seamseg_studio.engine.evaluation.average_precision import Precision
from seamseg_studio.engine.evaluation.pairing import Evaluation
from seamseg_studio.engine.evaluation.panoptic_quality import Averages, Rules, score
from seamseg_studio.engine.evaluation.plots import histogram, scatter

_PAGE = Template("""\
<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>$title</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
:root { --ink: #1d2229; --soft: #5c6672; --line: #e3e7ec; --ground: #fff; --track: #eef1f5; --fill: #3b6fb5 }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e8ee; --soft: #9aa5b1; --line: #2b323a; --ground: #15191e;
  --track: #262d35; --fill: #6f9fdb } }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: var(--ink);
  background: var(--ground) }
h1 { font-size: 1.4rem; margin-bottom: .2rem; overflow-wrap: anywhere } h2 { font-size: 1.1rem; margin: 2.2rem 0 .5rem }
.wide { overflow-x: auto }
table { border-collapse: collapse; font-variant-numeric: tabular-nums }
th, td { padding: .22rem .7rem; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap }
th { font-weight: 600; color: var(--soft) } th:first-child, td:first-child { text-align: left; padding-left: 0 }
.means td:nth-child(2) { font-size: 1.25rem; font-weight: 600 }
.swatch { display: inline-block; width: .8em; height: .8em; border-radius: 2px; margin-right: .5em;
  border: 1px solid #0003 }
.track { display: block; width: 9rem; height: .7em; background: var(--track); border-radius: 2px }
.track span { display: block; height: 100%; background: var(--fill); border-radius: 2px }
.note { color: var(--soft); margin-top: 0 }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(22rem, 1fr)); gap: 1.5rem }
figure { margin: 0 } figcaption { color: var(--soft); font-size: .9rem }
svg { width: 100%; height: auto } svg text { font-size: 12px; fill: var(--soft) } svg .grid { stroke: var(--line) }
svg .bar { fill: var(--fill) } svg circle { stroke: var(--soft) }
</style></head><body>
<h1>$title</h1>
<p class="note">$images, rules of $rules. Scores are 0 to 100; a dash means that nothing of the kind occurs.</p>
<div class="means">$means</div>
$precision
<h2>Where the points are lost</h2>
<div class="plots">
<figure>$scatter<figcaption>A dot a category. Far left: segments are missed or invented. Low: borders do not
fit.</figcaption></figure>
<figure>$histogram<figcaption>How many categories have which PQ.</figcaption></figure>
</div>
<h2>Categories, by PQ</h2>
$categories
$worst
$failures
</body></html>
""")

_COLUMNS = ("PQ", "SQ", "RQ", "PQ-dagger", "IoU")


def render_page(evaluation: Evaluation, title: str, rules: Rules = Rules.PANOPTICAPI) -> str:
    """Returns the page: means, AP if computed, two plots, a row for each category, the worst images and the
    failures."""
    stats, taxonomy = evaluation.stats, evaluation.taxonomy
    scores = score(stats, taxonomy, rules)
    groups = (("all", scores.all), ("things", scores.things), ("stuff", scores.stuff))
    return _PAGE.substitute(
        title=escape(title),
        images=f"{stats.num_images} {'image' if stats.num_images == 1 else 'images'}",
        rules=escape(rules.value),
        means=_table(("", *_COLUMNS, "categories"), [_means(name, group) for name, group in groups]),
        precision=_precision(evaluation),
        categories=_categories(evaluation, rules),
        histogram=histogram(scores.pq),
        scatter=scatter(taxonomy.categories, scores.sq, scores.rq),
        worst=_worst(evaluation),
        failures=_failures(evaluation),
    )


def _means(name: str, group: Averages) -> list[str]:
    values = (group.pq, group.sq, group.rq, group.pq_dagger, group.iou)
    return [name, *map(_text, values), str(group.num_categories)]


def _precision(evaluation: Evaluation) -> str:
    if evaluation.precision is None:
        return ""

    def row(name: str, values: Precision) -> list[str]:
        return [name, _text(values.ap), _text(values.ap_50), _text(values.ap_75)]

    rows = [row("boxes", evaluation.precision.box), row("masks", evaluation.precision.mask)]
    return "<h2>Average precision of things</h2>" + _table(("", "AP", "AP50", "AP75"), rows)


def _categories(evaluation: Evaluation, rules: Rules) -> str:
    stats, taxonomy = evaluation.stats, evaluation.taxonomy
    scores = score(stats, taxonomy, rules)
    columns = np.stack([scores.pq, scores.sq, scores.rq, scores.pq_dagger, scores.iou])
    rows = []
    for index in np.argsort(-np.nan_to_num(scores.pq, nan=-1.0), kind="stable").tolist():
        if np.isnan(columns[:, index]).all():
            continue
        category = taxonomy[index]
        color = "rgb({}, {}, {})".format(*category.color)
        name = f'<span class="swatch" style="background: {color}"></span>{escape(category.name)}'
        counts = (stats.true_positives, stats.false_positives, stats.false_negatives)
        rows.append(
            [
                name,
                _bar(float(scores.pq[index])),
                *(_text(float(value)) for value in columns[:, index]),
                *(str(int(count[index])) for count in counts),
            ]
        )
    return _table(("category", "", *_COLUMNS, "found", "invented", "missed"), rows)


def _worst(evaluation: Evaluation) -> str:
    if evaluation.stats.num_images < 2:
        return ""
    rows = [
        [escape(image.name), _bar(image.pq), _text(image.pq), str(image.found), str(image.invented), str(image.missed)]
        for image in evaluation.worst
    ]
    return "<h2>Images with the lowest PQ</h2>" + _table(("image", "", "PQ", "found", "invented", "missed"), rows)


def _failures(evaluation: Evaluation) -> str:
    parts = []
    if evaluation.ignored_categories:
        names = ", ".join(map(escape, evaluation.ignored_categories))
        parts.append(f"<h2>Not in the ground truth, counted as void</h2><p>{names}</p>")
    if evaluation.failures:
        items = "".join(f"<li>{escape(reason)}</li>" for _, reason in evaluation.failures)
        parts.append(f"<h2>Images that could not be compared</h2><ul>{items}</ul>")
    return "".join(parts)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    top = "".join(f"<th>{name}</th>" for name in head)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>\n" for row in rows)
    return f'<div class="wide"><table><thead><tr>{top}</tr></thead><tbody>\n{body}</tbody></table></div>'


def _bar(share: float) -> str:
    width = 0.0 if math.isnan(share) else share * 100
    return f'<span class="track"><span style="width: {width:.1f}%"></span></span>'


def _text(value: float) -> str:
    return "-" if math.isnan(value) else f"{value * 100:.1f}"
