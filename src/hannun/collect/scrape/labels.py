"""The labels of one exposed series -> those it is stored under, or nothing. Once per new series, never per sample."""

from __future__ import annotations

from collections.abc import Mapping

from hannun.collect.scrape.failure import ScrapeFailed
from hannun.collect.scrape.limits import LABELS_MAX, NAME_LENGTH_MAX, VALUE_LENGTH_MAX
from hannun.config.prometheus.model import ScrapeConfig, ScrapeLimits
from hannun.model.labels import METRIC_NAME, Labels
from hannun.model.target import Pairs
from hannun.model.text import Text
from hannun.process.relabel import Relabeler


class LabelMaker:
    """Immutable; safe to use from any thread."""

    def __init__(self, config: ScrapeConfig, target: Pairs, relabel: Relabeler) -> None:
        self._target = target
        self._honor = config.honor_labels
        self._relabel = relabel if len(relabel) else None
        self._limits = config.limits

    def make(self, exposed: Mapping[str, str]) -> Labels | None:
        """None: relabeling drops it, or it has no name left. Raises ScrapeFailed when a label limit is exceeded."""
        labels = _honored(exposed, self._target) if self._honor else _renamed(exposed, self._target)
        if self._relabel is not None:
            kept = self._relabel.apply(labels)
            if not kept or not kept.get(METRIC_NAME):
                return None
            labels = kept
        made = Labels.of(labels)
        _check(made, self._limits)
        return made


def _honored(exposed: Mapping[str, str], target: Pairs) -> dict[str, str]:
    """What is exposed wins; exposed as empty, it still keeps the target's label away."""
    return {**dict(target), **exposed}


def _renamed(exposed: Mapping[str, str], target: Pairs) -> dict[str, str]:
    """The target's labels win; what they push aside stays visible as `exported_…`, the shortest name first."""
    labels = dict(exposed)
    aside = [(name, labels[name]) for name, _ in target if labels.get(name)]
    labels.update(target)
    for name, value in sorted(aside, key=lambda pair: len(pair[0])):
        while True:
            name = f"exported_{name}"
            if not labels.get(name):
                labels[name] = value
                break
    return labels


def _check(labels: Labels, limits: ScrapeLimits) -> None:
    """The limits of the job, or ours where it has none: a label set that nobody can mean must not reach the store."""
    if len(labels) > (limits.labels or LABELS_MAX):
        raise _exceeded("label_limit", labels, f"number of labels: {len(labels)}, limit: {limits.labels or LABELS_MAX}")
    names, values = limits.label_name_length or NAME_LENGTH_MAX, limits.label_value_length or VALUE_LENGTH_MAX
    for name, value in labels:
        # As in Prometheus the length is that of the UTF-8 bytes.
        if len(name) * 4 > names and (size := len(name.encode("utf-8", "surrogatepass"))) > names:
            raise _exceeded(
                "label_name_length_limit", labels, f"label name: {name[:50]}, length: {size}, limit: {names}"
            )
        if len(value) * 4 > values and (size := len(value.encode("utf-8", "surrogatepass"))) > values:
            detail = f'label name: {name[:50]}, value: "{value[:50]}", length: {size}, limit: {values}'
            raise _exceeded("label_value_length_limit", labels, detail)


def _exceeded(setting: str, labels: Labels, detail: str) -> ScrapeFailed:
    return ScrapeFailed(
        f"{setting} exceeded (metric: {labels.metric[:50]}, {detail})",
        Text(
            en="One series of this page breaks {setting}, so nothing of the page is stored. Correct it at the target, "
            "drop it with metric_relabel_configs, or raise {setting} in the job.",
            ko="이 페이지의 시계열 하나가 {setting} 한도를 넘어서 페이지 전체를 저장하지 않았습니다. 대상에서 "
            "고치거나, metric_relabel_configs로 버리거나, 작업(job)의 {setting} 값을 올려 주세요.",
        ).with_(setting=setting),
    )
