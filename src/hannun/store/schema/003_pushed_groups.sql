-- Groups of the Pushgateway API, so that they survive a restart. Reader and writer: store/pushed_groups.py.

-- One row per group after merges, of the highest version; a removed group leaves a row that says so. In the engine and
-- not among the accounts, because a page may be megabytes and is as much measured data as the samples made of it.
CREATE TABLE IF NOT EXISTS pushed_groups__local {on_cluster} (
  labels   String CODEC(ZSTD(1)),
  page     String CODEC(ZSTD(1)),
  pushed   DateTime64(3, 'UTC'),
  failed   DateTime64(3, 'UTC'),
  removed  Bool,
  version  UInt64
)
ENGINE = {engine}ReplacingMergeTree(version)
ORDER BY labels
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, old_parts_lifetime = 30;

CREATE TABLE IF NOT EXISTS pushed_groups {on_cluster} ENGINE = Alias('pushed_groups__local');
