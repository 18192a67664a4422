"""Containers as cAdvisor would tell them: its names, labels and help, read from cgroup v1 or v2 and /proc.

Starts nothing and needs no privilege for the numbers of cgroups; names, images and labels come from the Docker API when
its socket may be opened. What costs much (sizes of layers) is not told.
"""

from hannun.collect.containers.collector import ContainerCollector, ContainerLimits

__all__ = ["ContainerCollector", "ContainerLimits"]
