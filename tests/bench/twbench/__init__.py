"""What tools/bench runs: see docs/performance.md for what the figures mean."""
