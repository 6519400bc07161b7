"""Classify the voxels of a volume. Segmenters learn and give back predictors; models are predictors, ready to use."""
