"""What the API asks of the rest of the house besides samples. `app.py` hands these in; a port left out is empty."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from hannun.model.budget import Budget
from hannun.model.errors import NotFound
from hannun.model.exemplar import ExemplarReader, SeriesExemplars
from hannun.model.matcher import Matchers
from hannun.model.relabel import RelabelRule, RelabelStep
from hannun.model.rules import Alertmanagers, RuleGroupStatus, Rules
from hannun.model.target import DroppedTarget, Pairs, TargetMetadata, Targets, TargetStatus

Reload = Callable[[], Awaitable[None]]
Snapshot = Callable[[str], None]


class NoTargets:
    """Implements `model.target.Targets`: nothing is scraped."""

    def pools(self) -> Sequence[str]:
        return ()

    def active(self, pool: str = "") -> Sequence[TargetStatus]:
        return ()

    def dropped(self, pool: str = "") -> Sequence[DroppedTarget]:
        return ()

    def dropped_counts(self) -> Mapping[str, int]:
        return {}

    def metadata(self, metric: str = "", limit: int = 0) -> Sequence[TargetMetadata]:
        return ()

    def relabel_steps(self, pool: str, discovered: Pairs) -> Sequence[RelabelStep]:
        raise NotFound(f"scrape pool {pool!r} not found")

    def relabel_rules(self, pool: str) -> Sequence[RelabelRule]:
        raise NotFound(f"scrape pool {pool!r} not found")


class NoRules:
    """Implements `model.rules.Rules`: no rule file was given."""

    def groups(self) -> Sequence[RuleGroupStatus]:
        return ()

    def alertmanagers(self) -> Alertmanagers:
        return Alertmanagers()


class NoExemplars:
    """Implements `model.exemplar.ExemplarReader`: none is kept."""

    def exemplars(
        self, selectors: Sequence[Matchers], start_ms: int, end_ms: int, limit: int, budget: Budget
    ) -> list[SeriesExemplars]:
        return []


@dataclass(frozen=True, slots=True)
class Around:
    """`reload` reads the configuration again and raises HannunError when it is bad (the old one is kept).

    `reload_status` is whether the last reading was good and when the configuration in force was read (ms, 0: at start).
    `snapshot(name)` makes a copy of the data under that name; None: this server makes none. It blocks.
    """

    targets: Targets = field(default_factory=NoTargets)
    exemplars: ExemplarReader = field(default_factory=NoExemplars)
    rules: Rules = field(default_factory=NoRules)
    config_text: Callable[[], str] = str
    reload: Reload | None = None
    external_labels: Callable[[], Mapping[str, str]] = dict
    reload_status: Callable[[], tuple[bool, int]] = lambda: (True, 0)
    snapshot: Snapshot | None = None
