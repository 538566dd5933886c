"""`python -m pipeline` is `margin-debt`."""

from pipeline.cli import main

if __name__ == "__main__":
    main()
