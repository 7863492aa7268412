"""The implementation of tools/bench. docs/performance.md explains the figures."""
