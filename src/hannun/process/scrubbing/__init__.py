"""What nobody should read is made unreadable before anything is stored: `scrubbed(event, options)`."""

from hannun.process.scrubbing.scrub import scrubbed

__all__ = ["scrubbed"]
