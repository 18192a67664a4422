"""Rule files as values, each mistake with the line of the key that is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from hannun.config.prometheus.model import Rule, RuleGroup
from hannun.config.prometheus.rules import read_rule_file
from hannun.config.prometheus.scrape import Global
from hannun.config.prometheus.section import Notes
from hannun.config.prometheus.templates import BadTemplate, check_template


def read(text: str, folder: Path, common: Global | None = None) -> tuple[tuple[RuleGroup, ...], list[str]]:
    (folder / "r.yml").write_text(text)
    notes = Notes()
    groups = read_rule_file(folder / "r.yml", notes, common or Global(), shown="r.yml")
    return groups, [str(complaint) for complaint in notes.in_order()]


def test_groups_and_rules(tmp_path: Path) -> None:
    groups, said = read(
        """\
groups:
  - name: g
    interval: 30s
    limit: 5
    labels: {team: x}
    rules:
      - record: a:b
        expr: sum(a)
        labels: {c: 1}
      - alert: Down
        expr: up == 0
        for: 5m
        keep_firing_for: 1h
        annotations: {summary: "{{ $labels.job }} is down"}
""",
        tmp_path,
        Global(rule_query_offset_ms=5_000),
    )
    assert said == []
    assert groups == (
        RuleGroup(
            name="g",
            file="r.yml",
            interval_ms=30_000,
            limit=5,
            query_offset_ms=5_000,
            labels={"team": "x"},
            rules=(
                Rule("sum(a)", 7, record="a:b", labels={"c": "1"}),
                Rule(
                    "up == 0",
                    10,
                    alert="Down",
                    for_ms=300_000,
                    keep_firing_for_ms=3_600_000,
                    annotations={"summary": "{{ $labels.job }} is down"},
                ),
            ),
        ),
    )


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        pytest.param("{record: a, alert: b, expr: c}", "only one of 'record' and 'alert' must be set", id="both"),
        pytest.param("{expr: c}", "one of 'record' or 'alert' must be set", id="neither"),
        pytest.param("{alert: a}", "field 'expr' must be set in rule", id="no expression"),
        pytest.param("{record: a, expr: b, for: 1m}", "invalid field 'for' in recording rule", id="for"),
        pytest.param("{record: 'a{b}', expr: b}", "braces present in the recording rule name", id="a selector as name"),
        pytest.param(
            "{alert: a, expr: b, labels: {__name__: c}}", "invalid label name: __name__", id="a reserved name"
        ),
        pytest.param(
            "{alert: a, expr: b, annotations: {c: '{{ $value'}}",
            "error parsing template: unclosed action",
            id="template",
        ),
    ],
)
def test_mistakes_in_prometheus_words(rule: str, words: str, tmp_path: Path) -> None:
    _, said = read(f"groups:\n- name: g\n  rules:\n  - {rule}", tmp_path)
    assert len(said) == 1
    assert said[0].startswith("r.yml:4: ")
    assert words in said[0]


def test_an_unknown_key_is_a_warning(tmp_path: Path) -> None:
    groups, said = read("groups:\n- name: g\n  rules:\n  - alert: A\n    expr: up\n    annotation: {a: b}", tmp_path)
    assert said == ["r.yml:6: unknown key `annotation`; did you mean `annotations`?"]
    assert groups[0].rules[0].annotations == {}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        pytest.param("{{ $value", "unclosed action", id="an action that does not close"),
        pytest.param('{{ "a }}', "unterminated quoted string", id="a text that does not close"),
        pytest.param("{{ `a }}", "unterminated raw quoted string", id="a raw text that does not close"),
        pytest.param("{{ }}", "missing value for command", id="nothing"),
        pytest.param("{{ if $value }}", "unexpected EOF", id="no end"),
        pytest.param("{{ end }}", "unexpected {{end}}", id="an end too many"),
        pytest.param("{{ $labels.job } is", "unexpected '}' in command", id="one brace"),
        pytest.param("{{ humanise $value }}", 'function "humanise" not defined', id="an unknown function"),
        pytest.param("{{ $lables.job }}", 'undefined variable "$lables"', id="an unknown variable"),
        pytest.param("{{ (printf 1 }}", "unclosed left paren", id="a parenthesis"),
        pytest.param("{{ $value | 5 }}", "non executable command in pipeline", id="a number in a pipeline"),
        pytest.param("{{/* a }}", "unclosed comment", id="a comment"),
    ],
)
def test_templates_that_do_not_parse(text: str, why: str) -> None:
    with pytest.raises(BadTemplate) as caught:
        check_template(text)
    assert str(caught.value) == why


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no template",
        "100 % }} {",
        "{{ $value }}",
        "{{.Labels.job}} {{ .ExternalURL }}",
        "{{- with query \"up{job='a'}\" -}}{{ . | first | value | humanizePercentage }}{{- end -}}",
        "{{ range $i, $r := query `up` }}{{ if $i }}, {{ end }}{{ $r.Labels.instance }}{{ else }}none{{ end }}",
        '{{ printf "%.2f" $value }} {{ $labels.instance | reReplaceAll "(.*):.*" "$1" }}',
        "{{ with $x := 5 }}{{ $x }}{{ end }}",
        "{{/* why */ -}} x",
        '{{ if and (gt $value 1.0) (not (eq $labels.a "b")) }}a{{ else if true }}b{{ end }}',
        '{{ define "a" }}x{{ end }}{{ template "a" . }}{{ block "b" . }}y{{ end }}',
        '{{ $value }}{{"}}"}}',
        "{{ 1.5e3 }}{{ 'x' }}{{ -1 }}{{ 0x1f }}",
    ],
)
def test_templates_that_parse(text: str) -> None:
    check_template(text)
