"""Does anything grow? `python -m benchmarks.soak` has GoFlow work for hours, looks at it all the while, and judges.

Here belongs what works (`real`, `virtual`), what is looked at (`samples`) and the verdict over it (`verdict`); pictures
are drawn by `benchmarks.plots`.
"""
