"""Lines that say the same with other ids, as one pattern: `skeleton` masks, `mine` groups what masks alike."""

from hannun.process.patterns.mine import Mined, Miner
from hannun.process.patterns.skeleton import MASK, hashes, mask, warm

__all__ = ["MASK", "Mined", "Miner", "hashes", "mask", "warm"]
