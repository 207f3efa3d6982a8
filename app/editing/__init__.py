"""One open image: its panoptic map, the selection, and every change of them."""
