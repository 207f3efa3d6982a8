"""From pixels to a panoptic map: preprocessing, detection, fusion and the predictor."""
