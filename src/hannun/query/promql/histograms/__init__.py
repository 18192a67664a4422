"""Native histograms in PromQL, one sample at a time: arithmetic, resets, quantiles, rates, aggregations.

Facts: Prometheus 3.x. Nothing here is imported by a question that meets no histogram, and nothing here is compiled: a
histogram is a value of `hannun.model.histogram`, and every operation takes such values and returns new ones.
"""
