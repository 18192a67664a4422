"""The kit that tests use: clocks that stand still, readers in memory, scripts to run. Not imported by the product."""
