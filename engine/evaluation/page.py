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

_PAGE = Template("""\
<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>$title</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
body { font: 15px/1.5 system-ui, sans-serif; max-width: 64rem; margin: 2rem auto; padding: 0 1rem; color: #1d2229;
  background: #fff }
h1 { font-size: 1.4rem } h2 { font-size: 1.1rem; margin-top: 2.2rem }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums }
th, td { padding: .25rem .6rem; text-align: right; border-bottom: 1px solid #e3e7ec; white-space: nowrap }
th:first-child, td:first-child { text-align: left } th { font-weight: 600; color: #505a66 }
.swatch { display: inline-block; width: .8em; height: .8em; border-radius: 2px; margin-right: .5em;
  border: 1px solid #0003 }
.bar { display: block; width: 9rem; height: .7em; background: #eef1f5; border-radius: 2px }
.bar span { display: block; height: 100%; background: #3b6fb5; border-radius: 2px }
.note { color: #5c6672 }
@media (prefers-color-scheme: dark) { body { background: #15191e; color: #e4e8ee } th, .note { color: #9aa5b1 }
  th, td { border-color: #2b323a } .bar { background: #262d35 } .bar span { background: #6f9fdb } }
</style></head><body>
<h1>$title</h1>
<p class="note">$images, rules of $rules. Scores are 0 to 100; a dash means that nothing of the kind occurs.</p>
$means
$precision
<h2>Categories, by PQ</h2>
$categories
<h2>How PQ is spread</h2>
$histogram
$failures
</body></html>
""")

_COLUMNS = ("PQ", "SQ", "RQ", "PQ-dagger", "IoU")
_NUM_BINS = 10


def render_page(evaluation: Evaluation, title: str, rules: Rules = Rules.PANOPTICAPI) -> str:
    """Returns the page: means, AP if computed, a row for each category with a bar, a histogram and the failures."""
    stats = evaluation.stats
    scores = score(stats, evaluation.taxonomy, rules)
    groups = (("all", scores.all), ("things", scores.things), ("stuff", scores.stuff))
    return _PAGE.substitute(
        title=escape(title),
        images=f"{stats.num_images} {'image' if stats.num_images == 1 else 'images'}",
        rules=escape(rules.value),
        means=_table(("", *_COLUMNS, "categories"), [_means(name, group) for name, group in groups]),
        precision=_precision(evaluation),
        categories=_categories(evaluation, rules),
        histogram=_histogram(scores.pq),
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


def _histogram(pq: np.ndarray) -> str:
    known = pq[~np.isnan(pq)]
    counts, edges = np.histogram(known, bins=_NUM_BINS, range=(0, 1))
    most = max(1, int(counts.max(initial=0)))
    rows = [
        [f"{edges[place] * 100:.0f} to {edges[place + 1] * 100:.0f}", _bar(number / most), str(number)]
        for place, number in enumerate(counts.tolist())
    ]
    return _table(("PQ", "", "categories"), rows)


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
    return f"<table><thead><tr>{top}</tr></thead><tbody>\n{body}</tbody></table>"


def _bar(share: float) -> str:
    width = 0.0 if math.isnan(share) else share * 100
    return f'<span class="bar"><span style="width: {width:.1f}%"></span></span>'


def _text(value: float) -> str:
    return "-" if math.isnan(value) else f"{value * 100:.1f}"
