-- Exemplars: single observations with the labels that lead on from them (trace_id, span_id). Readers and writers of these
-- columns: store/metrics/exemplars.py. The series table of the metrics names the series.

-- One exemplar per series and millisecond: a scrape tells the same one again until the next comes, and a repeated push
-- must not double it. `trace_id` is also kept by itself, so that a trace finds the series it was seen in.
CREATE TABLE IF NOT EXISTS exemplars__local {on_cluster} (
  metric    LowCardinality(String),
  series    UInt64 CODEC(ZSTD(1)),
  ts        DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
  value     Float64 CODEC(ZSTD(1)),
  trace_id  String CODEC(ZSTD(1)),
  labels    Map(LowCardinality(String), String) CODEC(ZSTD(1))
)
ENGINE = {engine}ReplacingMergeTree()
PARTITION BY toDate(ts)
ORDER BY (metric, series, ts)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, old_parts_lifetime = 30;

CREATE TABLE IF NOT EXISTS exemplars {on_cluster} ENGINE = Alias('exemplars__local');
