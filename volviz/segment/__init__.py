"""Classify the voxels of a volume. Segmenters learn and give back predictors; models are predictors, ready to use."""

import os

# Networks take and give back gigabytes with every layer. In large pages the system hands them out a third faster; PyTorch
# looks for this when it first takes memory.
os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")
