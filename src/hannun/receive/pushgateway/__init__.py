"""Prometheus's Pushgateway: batch jobs push a page of metrics into a group, and it stays until it is deleted.

Where a Pushgateway waits to be scraped, we store: a push becomes samples of its own moment, and the last values of
every group are stored again each interval, so that graphs go on as they did behind a scraped Pushgateway. A series that
leaves its group gets a staleness marker. Facts about the API were taken from Pushgateway 1.5.1.
"""

from hannun.receive.pushgateway.gateway import PushGateway
from hannun.receive.pushgateway.limits import PushLimits

__all__ = ["PushGateway", "PushLimits"]
