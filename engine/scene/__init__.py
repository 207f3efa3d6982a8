"""The panoptic data model: taxonomy, panoptic map, patches, edits. numpy and opencv only."""
