"""Short scripts that show what turngraph does; run one with `python -m turngraph.demos.NAME`."""
