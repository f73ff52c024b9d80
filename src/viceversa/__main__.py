"""Entry point of `python -m viceversa`; `accelerate launch -m viceversa train ...` starts it in several processes."""

from viceversa.cli import main

if __name__ == "__main__":
    main()
