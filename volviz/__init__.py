"""volviz: look at virions in cryo-electron tomograms."""
