"""`python -m pipeline` is `margin-debt`."""

from pipeline.cli import main

main()
