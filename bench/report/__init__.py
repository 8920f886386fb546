"""docs/performance.md and its plots, from the measurements in bench.json: no figure that is not in there."""

from bench.report.page import build_page, drawings, write

__all__ = ["build_page", "drawings", "write"]
