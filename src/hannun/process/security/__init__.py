"""Lines that speak of attacks and special rights, found by rules that are data (`content/security.yml`)."""

from hannun.process.security.detect import Detector
from hannun.process.security.rules import Rule
from hannun.process.security.scan import warm

__all__ = ["Detector", "Rule", "warm"]
