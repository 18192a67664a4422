"""`python -m hannun`: the same door as the `hannun` command."""

from hannun.cli import main

main()
