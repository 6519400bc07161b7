"""The passes of a frame, one file each, in the order: occupancy, light, march, bloom, resolve."""
