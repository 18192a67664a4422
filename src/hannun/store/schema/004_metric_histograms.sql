-- Native histograms: samples that are whole distributions, beside the floats of metric_samples. The series table of the
-- metrics names their series. Reader and writer of these columns: store/metrics/histograms.py.

-- Buckets that are not empty, by their index and with absolute counts, as the model has them. Of equal (series, ts) the
-- last insert wins. A float that comes for a metric with histograms leaves a row of schema -128 here, which says that
-- at this time the float came later.
CREATE TABLE IF NOT EXISTS metric_histograms__local {on_cluster} (
  metric          LowCardinality(String),
  series          UInt64 CODEC(ZSTD(1)),
  ts              DateTime64(3, 'UTC') CODEC(Delta, T64, ZSTD(1)),
  schema          Int8 CODEC(ZSTD(1)),
  reset_hint      UInt8 CODEC(ZSTD(1)),
  count           Float64 CODEC(ZSTD(1)),
  sum             Float64 CODEC(ZSTD(1)),
  zero_threshold  Float64 CODEC(ZSTD(1)),
  zero_count      Float64 CODEC(ZSTD(1)),
  positive_index  Array(Int32) CODEC(Delta, ZSTD(1)),
  positive_count  Array(Float64) CODEC(ZSTD(1)),
  negative_index  Array(Int32) CODEC(Delta, ZSTD(1)),
  negative_count  Array(Float64) CODEC(ZSTD(1)),
  custom_values   Array(Float64) CODEC(ZSTD(1))
)
ENGINE = {engine}ReplacingMergeTree()
PARTITION BY toDate(ts)
ORDER BY (metric, series, ts)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, old_parts_lifetime = 30;

CREATE TABLE IF NOT EXISTS metric_histograms {on_cluster} ENGINE = Alias('metric_histograms__local');
