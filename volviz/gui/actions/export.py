"""File, Export: everything that leaves volviz as a file, but for sessions."""

from __future__ import annotations

from volviz.gui.actions.entry import CLASSES, MARKS, VOLUME, Entry, later

EXPORT = "File/Export"
ENTRIES: tuple[Entry, ...] = (
    Entry("file.still", EXPORT, "Still…", "Save this view as a picture of any size", later("stills:save_still"), "Ctrl+E", "still", VOLUME),
    Entry(
        "file.stages",
        EXPORT,
        "Stages of light…",
        "Save this view four times in one picture: its colours, with occlusion, with shadow, with bloom",
        later("stills:save_stages"),
        needs=VOLUME,
    ),
    Entry(
        "file.video",
        EXPORT,
        "Video…",
        "Save a video: the animation, a turntable, rocking, a travelling cut",
        later("directing:save_video"),
        "Ctrl+Shift+V",
        "video",
        VOLUME,
    ),
    Entry(
        "file.meshes",
        EXPORT,
        "Meshes…",
        "Save the surfaces of the classes as GLB, OBJ, PLY or STL",
        later("exporting:export_meshes"),
        needs=CLASSES,
        separator=True,
    ),
    Entry(
        "file.save_classes",
        EXPORT,
        "Segmentation…",
        "Save the classes as OME-Zarr or as MRC files",
        later("files:save_segmentation"),
        "Ctrl+Shift+E",
        needs=CLASSES,
    ),
    Entry(
        "file.objects",
        EXPORT,
        "Table of objects…",
        "Measure the objects of the classes into a CSV table: volume, surface, diameter, centre",
        later("tables:export_objects"),
        needs=CLASSES,
    ),
    Entry(
        "file.export_annotations",
        EXPORT,
        "Annotations…",
        "Save the annotations as JSON, as a label volume, or points as CSV, for RELION or Dynamo",
        later("annotation_files:export_annotations"),
        needs=MARKS,
    ),
)
