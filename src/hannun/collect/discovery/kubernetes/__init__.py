"""kubernetes_sd_configs: what an API server tells about its nodes, pods, services, endpoints and ingresses.

`access` finds the way to the server, `mirror` keeps a copy of one kind of object (list, then watch), `objects` says
what of them is read, one file per role turns them into targets, `discovery` puts it together.
"""

from hannun.collect.discovery.kubernetes.discovery import KubernetesDiscovery

__all__ = ["KubernetesDiscovery"]
