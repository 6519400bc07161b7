"""Classify the voxels of a volume. Segmenters learn and give back predictors; models are predictors, ready to use."""

import os

# Networks take and give back gigabytes with every layer. In large pages inference takes about a sixth less
# time on a CPU; PyTorch looks for this when it first takes memory.
os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")
