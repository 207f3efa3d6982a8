"""Evaluation results as JSON and as tables for people."""

from __future__ import annotations

import math

from rich import box
from rich.table import Table

from seamseg_studio.engine.evaluation.average_precision import AveragePrecision, Precision
from seamseg_studio.engine.evaluation.pairing import Evaluation
from seamseg_studio.engine.evaluation.panoptic_quality import Averages, Rules, score

SCHEMA = "seamseg-evaluation/1"
_COLUMNS = ("PQ", "SQ", "RQ", "PQ-dagger", "IoU")


def as_json(evaluation: Evaluation, rules: Rules = Rules.PANOPTICAPI) -> dict[str, object]:
    """The scores as numbers 0 to 100, null where nothing of the kind occurs; counts and failures beside them.

    Keys: `schema`, `rules`, `num_images`; `all`, `things` and `stuff` (pq, sq, rq, pq_dagger, miou, num_categories);
    `ap` (box and mask: ap, ap_50, ap_75), if computed; `categories` (name, kind, the same scores, true_positives,
    false_positives, false_negatives); `failures`; `ignored_categories`; `worst_images`
    (image, pq, found, invented, missed).
    """
    stats, taxonomy = evaluation.stats, evaluation.taxonomy
    scores = score(stats, taxonomy, rules)
    categories: list[dict[str, object]] = [
        {
            "name": category.name,
            "kind": category.kind.value,
            "pq": _percent(scores.pq[index]),
            "sq": _percent(scores.sq[index]),
            "rq": _percent(scores.rq[index]),
            "pq_dagger": _percent(scores.pq_dagger[index]),
            "iou": _percent(scores.iou[index]),
            "true_positives": int(stats.true_positives[index]),
            "false_positives": int(stats.false_positives[index]),
            "false_negatives": int(stats.false_negatives[index]),
        }
        for index, category in enumerate(taxonomy.categories)
    ]
    precision = evaluation.precision
    if precision is not None:
        for index, entry in enumerate(categories):
            entry["ap_box"] = _percent(precision.box.by_category[index])
            entry["ap_mask"] = _percent(precision.mask.by_category[index])
    return {
        "schema": SCHEMA,
        "rules": rules.value,
        "num_images": stats.num_images,
        "all": _averages(scores.all),
        "things": _averages(scores.things),
        "stuff": _averages(scores.stuff),
        **({"ap": {"box": _precision(precision.box), "mask": _precision(precision.mask)}} if precision else {}),
        "categories": categories,
        "failures": [{"image": name, "reason": reason} for name, reason in evaluation.failures],
        "ignored_categories": list(evaluation.ignored_categories),
        "worst_images": [
            {"image": i.name, "pq": _percent(i.pq), "found": i.found, "invented": i.invented, "missed": i.missed}
            for i in evaluation.worst
        ],
    }


def summary_table(evaluation: Evaluation, rules: Rules = Rules.PANOPTICAPI) -> Table:
    """The means over all categories, things and stuff."""
    scores = score(evaluation.stats, evaluation.taxonomy, rules)
    plural = "image" if evaluation.stats.num_images == 1 else "images"
    table = _table(f"{evaluation.stats.num_images} {plural}", "categories")
    for name, group in (("all", scores.all), ("things", scores.things), ("stuff", scores.stuff)):
        values = (group.pq, group.sq, group.rq, group.pq_dagger, group.iou)
        table.add_row(name, *map(_text, values), str(group.num_categories))
    return table


def precision_table(precision: AveragePrecision) -> Table:
    """AP of boxes and masks of things."""
    table = Table(box=box.SIMPLE_HEAD)
    for column in ("things", "AP", "AP50", "AP75"):
        table.add_column(column, justify="left" if column == "things" else "right", no_wrap=True)
    for name, row in (("boxes", precision.box), ("masks", precision.mask)):
        table.add_row(name, *map(_text, (row.ap, row.ap_50, row.ap_75)))
    return table


def category_table(evaluation: Evaluation, rules: Rules = Rules.PANOPTICAPI) -> Table:
    """One row for each category that occurs, with the segments found, invented and missed."""
    stats = evaluation.stats
    scores = score(stats, evaluation.taxonomy, rules)
    table = _table("category", "found", "invented", "missed")
    for index, category in enumerate(evaluation.taxonomy.categories):
        columns = (scores.pq, scores.sq, scores.rq, scores.pq_dagger, scores.iou)
        values = [float(column[index]) for column in columns]
        if all(math.isnan(value) for value in values):
            continue
        counts = (stats.true_positives, stats.false_positives, stats.false_negatives)
        table.add_row(category.name, *map(_text, values), *(str(int(count[index])) for count in counts))
    return table


def _table(first: str, *more: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column(first, no_wrap=True)
    for name in (*_COLUMNS, *more):
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _averages(group: Averages) -> dict[str, float | int | None]:
    return {
        "pq": _percent(group.pq),
        "sq": _percent(group.sq),
        "rq": _percent(group.rq),
        "pq_dagger": _percent(group.pq_dagger),
        "miou": _percent(group.iou),
        "num_categories": group.num_categories,
    }


def _precision(row: Precision) -> dict[str, float | None]:
    return {"ap": _percent(row.ap), "ap_50": _percent(row.ap_50), "ap_75": _percent(row.ap_75)}


def _percent(value: float) -> float | None:
    return None if math.isnan(value) else round(float(value) * 100, 4)


def _text(value: float) -> str:
    return "-" if math.isnan(value) else f"{value * 100:.1f}"
